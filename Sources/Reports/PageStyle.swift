/// What the page looks like: light or dark as its reader wants, on wide and narrow screens.
enum PageStyle {
  /// How many curves have a colour of their own; more begin again.
  static let colourCount = 6

  /// Colours that are told apart by all eyes (Okabe and Ito's, adapted to each background).
  static let css = """
    :root { color-scheme: light dark; --ink: #1c1e21; --paper: #ffffff; --soft: #6a6f76;
      --line: #dcdfe3; --c0: #0072b2; --c1: #d55e00; --c2: #00875f; --c3: #aa4a8c; --c4: #946200;
      --c5: #3f8fc0; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --paper: #16181b;
      --soft: #9aa1a9; --line: #363a40; --c0: #56b4e9; --c1: #ff9440; --c2: #35c99a; --c3: #e08fc4;
      --c4: #e69f00; --c5: #9ad1f5; } }
    * { box-sizing: border-box; }
    body { margin: 0 auto; padding: 1rem; max-width: 76rem; background: var(--paper);
      color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
    h1 { font-size: 1.5rem; margin: 0.5rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
    p { margin: 0.4rem 0; } .soft { color: var(--soft); }
    .charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
    figure { margin: 0; } figcaption { font-weight: 600; }
    svg { width: 100%; height: auto; display: block; }
    svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
    svg polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
    svg .grid { stroke: var(--line); stroke-width: 1; }
    svg .mark { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 3; }
    .legend { font-size: 0.85rem; } .key { margin-right: 0.9rem; white-space: nowrap; }
    .key i { display: inline-block; width: 0.8rem; height: 0.25rem; margin-right: 0.3rem;
      vertical-align: middle; background: currentColor; }
    .wide { overflow-x: auto; } th, td { white-space: nowrap; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.92rem; }
    th, td { padding: 0.25rem 0.7rem 0.25rem 0; text-align: right; border-bottom: 1px solid var(--line); }
    th:first-child { text-align: left; } thead th { color: var(--soft); font-weight: 600; }
    .shares { display: flex; height: 1.1rem; margin: 0.2rem 0 0.6rem; overflow: hidden; border-radius: 3px; }
    .shares i { background: currentColor; height: 100%; }
    .maps { overflow-x: auto; }
    .maps img { width: 100%; min-width: 40rem; height: auto; display: block; margin: 0.3rem 0 1rem; }
    .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
    .c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
    svg polyline { stroke: currentColor; } svg circle { fill: currentColor; }
    """
}
