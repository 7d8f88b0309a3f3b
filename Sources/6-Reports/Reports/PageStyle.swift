/// What the page looks like: light or dark as its reader wants, on wide and narrow screens.
enum PageStyle {
  /// How many runs or phases have a colour of their own; more runs begin again. One more is for what is
  /// none of them.
  static let colourCount = 9

  /// Charts: also inside a picture of their own.
  ///
  /// Colours that are told apart by all eyes (after Okabe and Ito, adapted to each background); each has
  /// three times the paper's contrast or more.
  static let chart = """
    :root { color-scheme: light dark; --ink: #1c1e21; --paper: #ffffff; --soft: #5d6268;
      --line: #dcdfe3; --shadow: #0003; --c0: #0072b2; --c1: #d55e00; --c2: #00875f; --c3: #aa4a8c;
      --c4: #5f4300; --c5: #4596cc; --c6: #414a55; --c7: #a01030; --c8: #6a54d0; --c9: #8a8f96; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --paper: #16181b;
      --soft: #a3aab2; --line: #363a40; --shadow: #0009; --c0: #56b4e9; --c1: #ff9440; --c2: #35c99a;
      --c3: #e08fc4; --c4: #f5d000; --c5: #c9e8ff; --c6: #8b95a1; --c7: #f0506a; --c8: #8f7bff;
      --c9: #6b727a; } }
    .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
    .c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
    .c6 { color: var(--c6); } .c7 { color: var(--c7); } .c8 { color: var(--c8); }
    .c9 { color: var(--c9); }
    svg { width: 100%; height: auto; display: block; touch-action: pan-y; }
    svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
    svg polyline { fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round; }
    svg circle { fill: currentColor; }
    svg .grid { stroke: var(--line); stroke-width: 1; }
    svg .mark { stroke: currentColor; stroke-width: 1; stroke-dasharray: 4 3; }
    svg .pointer { stroke: var(--soft); stroke-width: 1; }

    """

  /// All else.
  static let page = """
    * { box-sizing: border-box; } [hidden] { display: none !important; }
    body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
      overflow-wrap: anywhere; }
    main { margin: 0 auto; padding: 1rem; max-width: 76rem; }
    h1 { font-size: 1.5rem; margin: 0.5rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
    p { margin: 0.4rem 0; } .soft { color: var(--soft); font-weight: 400; }
    .lead { margin: 0.4rem 0; } ul.lead { padding-left: 1.2rem; }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    :focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; }
    .controls { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; margin: 0.5rem 0; }
    .controls fieldset { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; margin: 0;
      min-width: 0; padding: 0.3rem 0.8rem 0.5rem; border: 1px solid var(--line); border-radius: 4px; }
    .controls legend { color: var(--soft); font-size: 0.85rem; } .controls output { margin-left: 0.4rem; }
    .swatch { display: inline-block; width: 0.8rem; height: 0.8rem; margin: 0 0.35rem 0 0.1rem;
      border-radius: 2px; vertical-align: -0.05rem; background: currentColor; }
    .charts { display: grid; gap: 1.2rem;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
    .charts > *, figure { min-width: 0; } figure { margin: 0; }
    figcaption { font-weight: 600; } .maps figcaption { font-weight: 400; color: var(--soft); }
    summary { cursor: pointer; } figure summary { color: var(--soft); font-size: 0.85rem; }
    .legend { font-size: 0.85rem; font-variant-numeric: tabular-nums; }
    .key { margin-right: 0.9rem; display: inline-block; } .key.off { opacity: 0.4; }
    .key i { display: inline-block; width: 0.8rem; height: 0.25rem; margin-right: 0.3rem;
      vertical-align: middle; background: currentColor; }
    .reader { display: block; width: 87%; margin: 0 0 0.2rem 10.8%; height: 0.6rem; opacity: 0.35; }
    .reader:focus-visible, figure:hover .reader { opacity: 1; }
    .wide { position: relative; overflow-x: auto; margin: 0.3rem 0 0.6rem; background:
      linear-gradient(to left, var(--paper), transparent) 100% 0 / 3rem 100% no-repeat local,
      linear-gradient(to left, var(--shadow), transparent) 100% 0 / 0.8rem 100% no-repeat scroll; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.92rem; }
    caption { text-align: left; color: var(--soft); font-size: 0.85rem; padding-bottom: 0.2rem; }
    th, td { padding: 0.25rem 0.9rem 0.25rem 0; text-align: right; vertical-align: baseline;
      overflow-wrap: break-word;
      border-bottom: 1px solid var(--line); }
    th { font-weight: 600; } thead th { color: var(--soft); vertical-align: bottom; min-width: 4.5rem; }
    th.text, td.text, th[scope="row"] { text-align: left; }
    td { white-space: nowrap; } td.text { white-space: normal; min-width: 8rem; max-width: 22rem; }
    thead th:first-child, th[scope="row"] { position: sticky; left: 0; background: var(--paper);
      min-width: 6.5rem; max-width: 14rem; }
    td b { color: var(--c1); padding-left: 0.2rem; }
    .bar { position: relative; min-width: 5.5rem; }
    .bar i { position: absolute; left: 0; bottom: 1px; height: 3px; max-width: calc(100% - 0.9rem);
      background: currentColor; }
    .shade { padding: 0.25rem 0.5rem; border-bottom: 0; min-width: 3.2rem;
      background: color-mix(in srgb, var(--c0) var(--share), transparent); }
    thead th.narrow { min-width: 0; padding: 0.25rem 0.5rem; }
    .narrow span { display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg);
      text-align: left; max-height: 10rem; }
    .shares { display: flex; gap: 1px; height: 1.1rem; margin: 0.2rem 0 0.6rem; overflow: hidden;
      border-radius: 3px; }
    .shares i { background: currentColor; height: 100%; }
    .maps { overflow-x: auto; margin: 0.5rem 0; } .maps figure { margin: 0.3rem 0 1rem; }
    .maps img { width: 100%; min-width: 40rem; height: auto; display: block; }
    @media print { .controls, .reader { display: none; } }
    """
}
