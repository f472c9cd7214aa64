"""The style sheet of report.html: one column on a phone, two on a desktop, plain on paper."""

CSS = """
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 0 16px 40px; background: #fff; color: #1a1a1a;
       font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
header { border-bottom: 3px solid #003b73; margin-bottom: 20px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 24px 0 4px; }
h2 { font-size: 1.15rem; margin: 0 0 8px; }
h3 { font-size: 1rem; margin: 0 0 4px; }
p { margin: 0 0 10px; }
main { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 36px 44px; }
main > .wide, .tiles { grid-column: 1 / -1; }
.banner { padding: 10px 14px; border: 2px solid #b34a00; font-weight: 600; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; }
.tiles div { flex: 1 1 150px; border: 1px solid #ccc; border-radius: 6px; padding: 10px 14px; }
.tiles span, .tiles small { display: block; color: #444; font-size: 0.85rem; line-height: 1.35; }
.tiles b { font-size: 1.7rem; line-height: 1.3; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 8px; text-align: right; border-bottom: 1px solid #e2e2e2; }
th { font-weight: 600; font-size: 0.9rem; }
th[scope=row], th:first-child { text-align: left; }
.last tr:last-child > * { border-top: 2px solid #888; font-weight: 600; }
.words td { text-align: left; overflow-wrap: anywhere; }
.words th[scope=row] { white-space: nowrap; vertical-align: top; }
.words th { text-align: left; }
.matrix { table-layout: fixed; min-width: 100%; }
.matrix th, .matrix td { padding: 1px; text-align: center; border: 0; font-size: 0.85rem;
                         line-height: 1.3; white-space: nowrap; }
.matrix td span { display: block; padding: 8px 0; }
figure { margin: 0; max-width: 560px; }
figcaption { font-size: 0.85rem; color: #444; }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 13px; fill: #333; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }
.grid { stroke: #e4e4e4; }
.axis { stroke: #555; fill: none; }
.diagonal { stroke: #888; stroke-dasharray: 2 4; }
.legend { list-style: none; margin: 6px 0 0; padding: 0; display: flex; flex-wrap: wrap;
          gap: 2px 18px; font-size: 0.92rem; }
.legend svg { width: 34px; display: inline-block; vertical-align: middle; margin-right: 7px; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px 44px; }
.three { grid-template-columns: repeat(3, minmax(0, 1fr)); }
.bars { display: flex; align-items: flex-end; height: 54px; gap: 2px;
        margin: 6px 3% 0 12.5%; border-bottom: 1px solid #555; }
.bars i { flex: 1; background: #7a9cc0; min-height: 1px; }
.counts td:nth-child(2) { width: 60%; }
.bar i { display: block; height: 14px; background: #0072b2; }
.faces { list-style: none; margin: 0; padding: 0; display: grid; gap: 14px 10px;
         grid-template-columns: repeat(auto-fill, minmax(100px, 1fr)); font-size: 0.88rem;
         line-height: 1.35; }
.faces img { display: block; width: 96px; height: 96px; margin-bottom: 4px; }
@media (max-width: 760px) {
  main, .pair, .three { grid-template-columns: minmax(0, 1fr); }
  h1 { font-size: 1.35rem; }
  th, td { padding: 5px 4px; font-size: 0.88rem; }
  th { font-size: 0.8rem; }
  .matrix { table-layout: auto; }
  .matrix th, .matrix td { font-size: 0.72rem; }
}
@media print { section { break-inside: avoid; } }
"""
