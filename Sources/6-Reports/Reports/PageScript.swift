/// What moves on the page. The script holds no `<`, so that nothing in it could be taken for markup.
///
/// The charts are drawn from what they hold in `data-` attributes and the places in `#runs`, as
/// `LineChart` draws them once.
enum PageScript {
  /// Charts: axes, curves, and values at a place.
  static let charts = #"""

    'use strict';
    const box = { left: 52, right: 470, top: 20, bottom: 210, width: 480 };
    const view = { across: 'iterations', smoothing: 0, logarithmic: false, hidden: new Set() };
    const places = JSON.parse(document.getElementById('runs').textContent);
    const all = (root, selector) => [...root.querySelectorAll(selector)];
    const short = value => String(Number(value.toPrecision(4)));

    function element(parent, name, attributes, text) {
      const made = document.createElementNS(parent.namespaceURI, name);
      for (const key of Object.keys(attributes)) made.setAttribute(key, attributes[key]);
      if (text !== undefined) made.textContent = text;
      parent.append(made);
      return made;
    }

    function ticks(least, most, isWhole) {
      const rough = (most - least) / 6;
      const power = 10 ** Math.floor(Math.log10(rough));
      const round = power * ([1, 2, 5, 10].find(step => step * power >= rough) || 10);
      const step = isWhole ? Math.max(round, 1) : round;
      const count = Math.floor(most / step + 1e-9) - Math.ceil(least / step) + 1;
      return Array.from({ length: Math.max(count, 0) }, (_, i) =>
        Number(((Math.ceil(least / step) + i) * step).toPrecision(12)));
    }

    function logarithmicTicks(least, most) {
      const found = [];
      for (let power = Math.floor(Math.log10(least)); Math.log10(most) >= power; power += 1) {
        found.push(...[1, 2, 5].map(step => Number((step * 10 ** power).toPrecision(2))));
      }
      const inside = found.filter(tick => tick >= least && most >= tick);
      return inside.length > 2 ? inside : ticks(least, most, false).filter(tick => tick > 0);
    }

    function axis(values, isFromZero, isLogarithmic, isWhole) {
      let least = Math.min(...values), most = Math.max(...values);
      if (isFromZero && !isLogarithmic) { least = Math.min(0, least); most = Math.max(0, most); }
      if (least === most) {
        const room = Math.max(Math.abs(least) * 0.1, isLogarithmic ? 0 : 0.5);
        least -= room; most += room;
      }
      const scale = isLogarithmic ? Math.log10 : value => value;
      return {
        share: value => (scale(value) - scale(least)) / (scale(most) - scale(least)),
        inverse: share => least + share * (most - least), least, most,
        ticks: isLogarithmic ? logarithmicTicks(least, most) : ticks(least, most, isWhole),
      };
    }

    // A moving mean that begins with what is there, over what is finite.
    function smoothed(values, weight) {
      let sum = 0, total = 0;
      return values.map(value => {
        if (!Number.isFinite(value)) return value;
        sum = weight * sum + (1 - weight) * value;
        total = weight * total + 1 - weight;
        return sum / total;
      });
    }

    // Seconds are told in the unit in which the longest run is a small number.
    const longest = Math.max(1, ...places.flatMap(run =>
      [...run.training.seconds, ...run.validation.seconds]));
    const unit = longest > 7200 ? { name: 'hours', seconds: 3600 }
      : longest > 120 ? { name: 'minutes', seconds: 60 } : { name: 'seconds', seconds: 1 };
    const across = place => view.across === 'seconds'
      ? place.seconds.map(value => value / unit.seconds) : place.iterations;

    // Where an iteration is on the axis: between the lines around it.
    function position(run, iteration) {
      if (view.across === 'iterations') return iteration;
      const { iterations } = run.training, values = across(run.training);
      const next = iterations.findIndex(other => other >= iteration);
      if (next === -1) return values[values.length - 1];
      if (next === 0) return values[0] * iteration / iterations[0];
      const share = (iteration - iterations[next - 1]) / (iterations[next] - iterations[next - 1]);
      return values[next - 1] + share * (values[next] - values[next - 1]);
    }

    function draw(chart) {
      const { svg } = chart;
      const isLogarithmic = view.logarithmic && 'logarithmic' in svg.dataset;
      for (const curve of chart.curves) {
        const isHidden = view.hidden.has(curve.run);
        curve.line.setAttribute('points', '');
        all(curve.group, 'circle').forEach(dot => dot.remove());
        const isSmooth = curve.lines === 'training' ? view.smoothing : 0;
        const y = smoothed(curve.values, isSmooth), x = across(places[curve.run][curve.lines]);
        curve.points = isHidden ? [] : y.map((value, i) => ({ x: x[i], y: value })).filter(
          point => Number.isFinite(point.y) && (!isLogarithmic || point.y > 0));
      }
      const points = chart.curves.flatMap(curve => curve.points);
      chart.cursor.textContent = '';
      chart.axes.textContent = '';
      chart.x = null;
      for (const stage of chart.stages) stage.style.display = 'none';
      if (points.length === 0) return;
      const x = axis(points.map(point => point.x), false, false, view.across === 'iterations');
      const y = axis(points.map(point => point.y), 'zero' in svg.dataset, isLogarithmic, false);
      chart.x = x;
      chart.px = value => box.left + x.share(value) * (box.right - box.left);
      chart.py = value => box.bottom - y.share(value) * (box.bottom - box.top);
      for (const tick of y.ticks) {
        const at = chart.py(tick);
        element(chart.axes, 'line', { class: 'grid', x1: box.left, y1: at, x2: box.right, y2: at });
        element(chart.axes, 'text', { x: box.left - 6, y: at + 4, 'text-anchor': 'end' }, short(tick));
      }
      for (const tick of x.ticks) {
        const text = short(tick), at = Math.min(chart.px(tick), box.width - 1 - 3.5 * text.length);
        element(chart.axes, 'text', { x: at, y: box.bottom + 18, 'text-anchor': 'middle' }, text);
      }
      const name = view.across === 'seconds' ? unit.name + ', without pauses' : 'iteration';
      element(chart.axes, 'text', { x: box.right, y: box.bottom + 36, 'text-anchor': 'end' }, name);
      for (const curve of chart.curves) {
        curve.line.setAttribute('points', curve.points.map(point =>
          chart.px(point.x).toFixed(1) + ',' + chart.py(point.y).toFixed(1)).join(' '));
        if (curve.points.length > 12) continue;
        for (const point of curve.points) {
          element(curve.group, 'circle', { cx: chart.px(point.x), cy: chart.py(point.y), r: 3 });
        }
      }
      for (const stage of chart.stages) {
        const run = Number(stage.dataset.run), at = position(places[run], Number(stage.dataset.x));
        if (view.hidden.has(run) || !(at >= x.least && x.most >= at)) continue;
        stage.style.display = '';
        const line = stage.querySelector('line');
        for (const end of ['x1', 'x2']) line.setAttribute(end, chart.px(at));
        stage.querySelector('text').setAttribute('x', chart.px(at));
      }
    }
    """#
}
