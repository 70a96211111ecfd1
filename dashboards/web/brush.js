// @ts-check
// A span drawn on a chart becomes the page's range; Esc takes back a span that is being drawn.

/** @typedef {{ scales: { x: { getValueForPixel(px: number): number } }, chartArea: { left: number, right: number, top: number, bottom: number } }} Drawn */

const LEAST_PX = 6;
const MINUTE = 60_000;

/** @param {number} ms */
const minuteText = (ms) => new Date(ms).toISOString().replace(/:\d\d\.\d+Z$/, ":00Z");

/** @param {HTMLCanvasElement} canvas @param {(canvas: HTMLCanvasElement) => Drawn | undefined} chartOf */
export function brush(canvas, chartOf) {
  const box = document.createElement("div");
  box.className = "brush";
  box.hidden = true;
  let began = Number.NaN;

  /** @param {PointerEvent} event @param {Drawn} chart */
  const place = (event, { chartArea: { left, right } }) =>
    Math.min(right, Math.max(left, event.clientX - canvas.getBoundingClientRect().left));

  const end = () => {
    began = Number.NaN;
    box.hidden = true;
    delete document.body.dataset.drawing;
    document.dispatchEvent(new CustomEvent("scopetrail:drawn"));
  };

  canvas.addEventListener("pointerdown", (event) => {
    const chart = chartOf(canvas);
    if (chart === undefined || event.button !== 0 || event.pointerType === "touch") return;
    began = place(event, chart);
    canvas.setPointerCapture(event.pointerId);
    document.body.dataset.drawing = "";
  });
  canvas.addEventListener("pointermove", (event) => {
    const chart = chartOf(canvas);
    if (Number.isNaN(began) || chart === undefined) return;
    const at = place(event, chart);
    // A refresh of the page takes away what the server did not draw.
    if (!box.isConnected) canvas.after(box);
    box.hidden = false;
    box.style.left = `${Math.min(began, at)}px`;
    box.style.width = `${Math.abs(at - began)}px`;
    box.style.top = `${chart.chartArea.top}px`;
    box.style.height = `${chart.chartArea.bottom - chart.chartArea.top}px`;
  });
  canvas.addEventListener("pointerup", (event) => {
    const chart = chartOf(canvas);
    if (Number.isNaN(began) || chart === undefined) return;
    const [from, to] = [began, place(event, chart)].toSorted((a, b) => a - b);
    end();
    if (from === undefined || to === undefined || to - from < LEAST_PX) return;
    const { x } = chart.scales;
    const url = new URL(location.href);
    url.searchParams.set("from", minuteText(x.getValueForPixel(from)));
    url.searchParams.set("to", minuteText(x.getValueForPixel(to) + MINUTE));
    location.assign(url.href);
  });
  canvas.addEventListener("pointercancel", end);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !Number.isNaN(began)) end();
  });
}
