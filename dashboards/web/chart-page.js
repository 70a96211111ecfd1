// @ts-check
// Refused calls per minute as stacked bars, with marks; numbers come from the API, colours from the style sheet.

/** @typedef {{ time: string, calls: number, refused401: number, refused403: number }} Minute */
/** @typedef {{ time: string, label: string, strong?: boolean }} Mark */

import { brush } from "./brush.js";

const MINUTE = 60_000;

const { Chart } = /** @type {any} */ (globalThis);

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

/** The colour that the style sheet has for a name in the theme of now. @param {string} name */
function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

/** @param {readonly Mark[]} marks @param {{ from: number, to: number }} range */
function annotations(marks, { from, to }) {
  const shown = marks.filter(({ time }) => Date.parse(time) >= from && Date.parse(time) <= to);
  return Object.fromEntries(
    shown.map(({ time, label, strong }, i) => [
      `mark${i}`,
      {
        type: "line",
        xMin: Date.parse(time),
        xMax: Date.parse(time),
        borderColor: colour(strong ? "--text" : "--muted"),
        borderWidth: strong ? 1.5 : 1,
        borderDash: [4, 4],
        label: {
          display: true,
          content: label,
          position: "end",
          yAdjust: (i % 4) * 15,
          backgroundColor: colour("--panel"),
          color: colour("--text"),
          font: { size: 11 },
          padding: 2,
        },
      },
    ]),
  );
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360].map((minutes) => minutes * MINUTE);
/** What a label and the space beside it take. */
const LABEL_PX = 70;

/** Ticks at round times, as many as there is room for. @param {{ min: number, max: number, width: number, ticks: object[] }} axis */
function roundTimes(axis) {
  const room = Math.max(2, axis.width / LABEL_PX);
  const step = STEPS.find((one) => (axis.max - axis.min) / one <= room) ?? 720 * MINUTE;
  axis.ticks = [];
  for (let value = Math.ceil(axis.min / step) * step; value <= axis.max; value += step) axis.ticks.push({ value });
}

/** @param {HTMLCanvasElement} canvas @param {readonly Minute[]} minutes @param {number} bucket length of a bar */
function draw(canvas, minutes, bucket) {
  const marks = JSON.parse(canvas.dataset.marks ?? "[]");
  const range = { from: Date.parse(minutes[0]?.time ?? ""), to: Date.parse(minutes.at(-1)?.time ?? "") + bucket };
  const grid = { color: colour("--line") };
  const ticks = { color: colour("--muted"), maxRotation: 0, autoSkipPadding: 24 };
  const set = (
    /** @type {"refused401" | "refused403"} */ key,
    /** @type {string} */ label,
    /** @type {string} */ name,
  ) => ({
    label,
    // A bar stands over its minutes, from their begin to their end.
    data: minutes.map((minute) => ({ x: Date.parse(minute.time) + bucket / 2, y: minute[key] })),
    backgroundColor: colour(name),
    barPercentage: 1,
    categoryPercentage: 0.92,
  });
  return {
    type: "bar",
    data: { datasets: [set("refused401", "401", "--s401"), set("refused403", "403", "--s403")] },
    options: {
      animation: false,
      normalized: true,
      parsing: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: {
          type: "time",
          stacked: true,
          offset: false,
          min: range.from,
          max: range.to,
          adapters: { date: { zone: "utc" } },
          time: {
            unit: "minute",
            displayFormats: { minute: "HH:mm" },
            tooltipFormat: "yyyy-MM-dd HH:mm",
          },
          grid: { display: false },
          ticks: { ...ticks, autoSkip: false },
          afterBuildTicks: roundTimes,
        },
        y: {
          stacked: true,
          beginAtZero: true,
          suggestedMax: 5,
          // Room for the labels of the marks.
          grace: marks.length === 0 ? 0 : marks.length < 3 ? "35%" : "55%",
          grid,
          ticks: { ...ticks, precision: 0 },
          border: { display: false },
        },
      },
      plugins: {
        tooltip: {
          callbacks: {
            footer: (/** @type {readonly { dataIndex: number }[]} */ items) =>
              `of ${minutes[items[0]?.dataIndex ?? 0]?.calls ?? 0} calls`,
          },
        },
        legend: { position: "top", align: "end", labels: { color: colour("--muted"), boxWidth: 12 } },
        annotation: { annotations: annotations(marks, range) },
      },
    },
  };
}

/** @param {HTMLCanvasElement} canvas */
async function show(canvas) {
  const response = await fetch(canvas.dataset.source ?? "");
  if (!response.ok) return;
  const { items, bucketMinutes } = await response.json();
  const config = draw(canvas, items, bucketMinutes * MINUTE);
  const chart = Chart.getChart(canvas) ?? new Chart(canvas, config);
  chart.data = config.data;
  chart.options = config.options;
  chart.update("none");
}

const showAll = () => {
  for (const canvas of document.querySelectorAll("canvas")) {
    // A server that has gone is told of elsewhere; the chart keeps what it shows.
    show(canvas).catch(() => undefined);
  }
};

showAll();
for (const canvas of document.querySelectorAll("canvas"))
  if (canvas.dataset.brush !== undefined) brush(canvas, (at) => Chart.getChart(at));
document.addEventListener("scopetrail:changed", showAll);
document.addEventListener("scopetrail:theme", showAll);
