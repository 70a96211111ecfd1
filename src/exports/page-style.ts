/** Both themes, and paper. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --text: #1c2024; --soft: #60646c; --line: #d9dde3; --back: #fff; --card: #f6f7f9; --all: #b9c2cf; --refused: #c62a2f; --onset: #1c2024; --high: #c62a2f; --medium: #a35200; --low: #4a6a8a; }
@media (prefers-color-scheme: dark) { :root { --text: #e8eaed; --soft: #a0a6b0; --line: #363b44; --back: #14171c; --card: #1d2128; --all: #4b5563; --refused: #ff6369; --onset: #e8eaed; --high: #ff6369; --medium: #f5a65b; --low: #9bb8d3; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main, footer { max-width: 52rem; margin: 0 auto; padding: 2rem 1.25rem; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: .25rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; padding-top: .5rem; border-top: 1px solid var(--line); }
h3 { font-size: .95rem; margin: 0; overflow-wrap: anywhere; }
p, li, td, dd { overflow-wrap: anywhere; }
.tags { margin: 0; color: var(--soft); }
.severity { color: var(--back); background: var(--low); border-radius: 3px; padding: .1rem .45rem; font-weight: 600; text-transform: uppercase; font-size: .75rem; }
.severity.high { background: var(--high); } .severity.medium { background: var(--medium); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
figure { margin: 1.5rem 0 0; }
svg { width: 100%; height: 160px; display: block; background: var(--card); border-bottom: 1px solid var(--line); }
rect.all { fill: var(--all); } rect.refused { fill: var(--refused); } line.onset { stroke: var(--onset); stroke-dasharray: 3 3; vector-effect: non-scaling-stroke; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .25rem 1rem; color: var(--soft); font-size: .8rem; margin-top: .25rem; }
b.all { color: var(--all); } b.refused { color: var(--refused); } b.onset { color: var(--onset); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; } .n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
small { display: block; color: var(--soft); }
ul, ol { margin: .25rem 0; padding-left: 1.25rem; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 4px; padding: .6rem .75rem; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .85rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
article { border: 1px solid var(--line); border-radius: 4px; padding: .75rem 1rem; margin: .75rem 0; break-inside: avoid; }
article .id { color: var(--soft); font-size: .8rem; margin: .1rem 0 .5rem; }
.where { color: var(--soft); display: inline-block; min-width: 4.5rem; }
.who { list-style: none; padding-left: 0; border-top: 1px solid var(--line); margin-top: .5rem; padding-top: .4rem; }
footer { color: var(--soft); font-size: .8rem; border-top: 1px solid var(--line); }
@media print { :root { color-scheme: light; --text: #000; --soft: #444; --line: #bbb; --back: #fff; --card: #fff; --all: #bbb; --refused: #c62a2f; --onset: #000; } body { font-size: 10.5pt; } main, footer { max-width: none; padding: 0; } * { print-color-adjust: exact; } h2 { break-after: avoid; } tr, figure { break-inside: avoid; } @page { margin: 18mm 16mm; } }
`;
