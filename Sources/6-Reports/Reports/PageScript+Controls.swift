extension PageScript {
  /// What the reader moves: pointer, keys, boxes and sliders.
  static let controls = #"""

    const name = run => document.querySelector('#controls input[data-run="' + run + '"]')
      .parentElement.textContent;

    // Shows the values next to a place of the axis, in the legend and to a screen reader.
    function show(chart, at) {
      const curves = chart.curves.filter(curve => curve.points.length > 0);
      chart.cursor.textContent = '';
      for (const key of all(chart.figure, '.legend b')) key.textContent = '';
      chart.at = null;
      if (!chart.x || at === null || curves.length === 0) { chart.where.textContent = ''; return; }
      const near = curves.map(curve => ({ curve, point: curve.points.reduce((best, point) =>
        Math.abs(best.x - at) > Math.abs(point.x - at) ? point : best) }));
      const nearest = near.reduce((best, one) =>
        Math.abs(best.point.x - at) > Math.abs(one.point.x - at) ? one : best).point.x;
      const line = chart.px(nearest);
      chart.at = nearest;
      element(chart.cursor, 'line',
        { class: 'pointer', x1: line, y1: box.top, x2: line, y2: box.bottom });
      for (const { curve, point } of near) {
        element(chart.cursor, 'circle',
          { class: curve.colour, cx: chart.px(point.x), cy: chart.py(point.y), r: 4 });
        curve.key.textContent = ' ' + short(point.y);
      }
      const unitOfAxis = view.across === 'seconds' ? ' ' + unit.name : '';
      chart.where.textContent = 'at ' + short(nearest) + unitOfAxis;
      chart.slider.setAttribute('aria-valuetext', chart.where.textContent + ': '
        + near.map(({ curve, point }) => name(curve.run) + ' ' + short(point.y)).join(', '));
      chart.slider.value = 1000 * chart.x.share(nearest);
    }

    const charts = all(document, 'svg[data-title]').map(svg => {
      const figure = svg.closest('figure'), chart = { svg, figure };
      chart.axes = svg.querySelector('.axes');
      chart.stages = all(svg, '.stages');
      chart.curves = all(svg, '.curve').map(group => ({
        group, line: group.querySelector('polyline'),
        run: Number(group.dataset.run), lines: group.dataset.lines,
        colour: [...group.classList].find(name => name !== 'curve'),
        values: group.dataset.values.split(',').map(value => value === '' ? NaN : Number(value)),
        key: figure.querySelector('.key[data-run="' + group.dataset.run + '"]')
          .appendChild(document.createElement('b')),
      }));
      chart.cursor = element(svg, 'g', {});
      const legend = figure.querySelector('.legend');
      chart.where = legend.appendChild(document.createElement('span'));
      chart.where.className = 'soft';
      // A slider, since keys and screen readers know how to move one.
      chart.slider = document.createElement('input');
      Object.assign(chart.slider, { type: 'range', min: 0, max: 1000, value: 0, className: 'reader' });
      chart.slider.setAttribute('aria-label', 'Read the values of ' + svg.dataset.title);
      legend.before(chart.slider);
      chart.slider.addEventListener('input', () => {
        if (chart.x) show(chart, chart.x.inverse(chart.slider.value / 1000));
      });
      chart.slider.addEventListener('keydown', event => {
        // Arrows go from one point to the next.
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!step || !chart.x) return;
        event.preventDefault();
        const at = chart.at ?? chart.x.inverse(chart.slider.value / 1000);
        const ways = chart.curves.flatMap(curve => curve.points.map(point => step * (point.x - at)))
          .filter(way => way > 1e-9 * Math.abs(at));
        if (ways.length > 0) show(chart, at + step * Math.min(...ways));
      });
      svg.addEventListener('pointermove', event => {
        const area = svg.getBoundingClientRect();
        const x = (event.clientX - area.left) * box.width / area.width;
        const share = (x - box.left) / (box.right - box.left);
        if (chart.x) show(chart, chart.x.inverse(Math.min(1, Math.max(0, share))));
      });
      svg.addEventListener('pointerleave', () => show(chart, null));
      return chart;
    });

    const redraw = () => charts.forEach(chart => { draw(chart); show(chart, null); });
    const form = document.getElementById('controls');
    if (form) {
      form.hidden = false;
      form.addEventListener('submit', event => event.preventDefault());
      const field = id => document.getElementById(id);
      const read = () => {
        view.across = field('across').value;
        view.smoothing = Number(field('smoothing').value) / 100;
        view.logarithmic = field('logarithmic').checked;
        view.hidden = new Set(all(form, 'input[data-run]').filter(input => !input.checked)
          .map(input => Number(input.dataset.run)));
        form.querySelector('output').value = view.smoothing.toFixed(2);
        for (const key of all(document, '.key[data-run]')) {
          key.classList.toggle('off', view.hidden.has(Number(key.dataset.run)));
        }
        redraw();
      };
      form.addEventListener('input', read);
      // A browser may have kept what was chosen before the page was loaded again.
      read();
    }

    const maps = document.getElementById('map-controls');
    if (maps) {
      maps.hidden = false;
      maps.addEventListener('submit', event => event.preventDefault());
      const slider = maps.querySelector('input');
      const iterations = maps.dataset.iterations.split(',').map(Number);
      // Of each image the last picture until then, or its first.
      const turn = () => {
        const chosen = iterations[Number(slider.value)];
        maps.querySelector('output').value = chosen;
        slider.setAttribute('aria-valuetext', 'iteration ' + chosen);
        for (const group of all(document, '.maps')) {
          const figures = all(group, 'figure[data-iteration]');
          const until = figures.filter(figure => chosen >= Number(figure.dataset.iteration));
          const shown = until[until.length - 1] || figures[0];
          for (const figure of figures) figure.hidden = figure !== shown;
        }
      };
      slider.addEventListener('input', turn);
      turn();
    }
    """#
}
