import { html, raw } from "hono/html";
import type { CallStory } from "../findings/call-story.ts";
import type { Finding, Split } from "../model/finding.ts";
import { formatInstant, type Instant, instantFromTicks, TICKS_PER_MS } from "../model/time.ts";
import { pageHtml } from "./page.ts";

/** What an incident report is made of. */
export interface Incident {
  readonly finding: Finding;
  /** Calls of what the finding is about, by buckets of time. */
  readonly buckets: readonly Bucket[];
  readonly bucketMinutes: number;
  /** Calls among the finding's samples. */
  readonly calls: readonly CallStory[];
  /** What is known to be missing, a sentence each. */
  readonly gaps: readonly string[];
  /** ISO 8601. */
  readonly madeAt: string;
  readonly version: string;
}

export interface Bucket {
  readonly start: Instant;
  readonly calls: number;
  readonly refused: number;
}

type Html = ReturnType<typeof html>;

/** One page that needs nothing else: no script, no font, no picture, no address is asked. */
export async function incidentHtml(incident: Incident): Promise<string> {
  const { finding, madeAt, version } = incident;
  const main = html`${head(finding)}
${chart(incident)}
${splits(finding.splits)}
${cause(finding)}
${fix(finding)}
${calls(incident.calls)}
${section(
  "Not known",
  incident.gaps.map((gap) => html`<li>${gap}</li>`),
  "ul",
)}`;
  return await pageHtml({
    title: `${finding.id} ${finding.title}`,
    main,
    footer: `Made ${madeAt} by Scopetrail ${version}. Times are UTC, by the clocks of those who logged.`,
  });
}

/** A part with its heading; nothing where it is empty. */
function section(title: string, parts: readonly Html[], tag: "ul" | "ol" | "div" = "div"): Html {
  if (parts.length === 0) return html``;
  return html`<section><h2>${title}</h2>${raw(`<${tag}>`)}${parts}${raw(`</${tag}>`)}</section>`;
}

const percent = (share: number): string => {
  const value = 100 * share;
  return `${value >= 10 || value === 0 ? value.toFixed(0) : value.toFixed(1)} %`;
};

/** To the second, as people say it. */
const timeText = (at: Instant): string => formatInstant(at).slice(0, 19).replace("T", " ");

function head({ id, severity, status, title, subject, onset, end, counts }: Finding): Html {
  const about = Object.entries(subject).map(([name, value]) => html`<dt>${wordOf(name)}</dt><dd>${String(value)}</dd>`);
  const share = counts.calls === 0 ? 0 : counts.refused / counts.calls;
  return html`<header>
<p class="tags"><span class="severity ${severity}">${severity}</span> ${status} · ${id}</p>
<h1>${title}</h1>
<dl class="facts">
<dt>Began</dt><dd>${timeText(onset)}</dd>
<dt>Ended</dt><dd>${end === null ? "not yet" : timeText(end)}</dd>
<dt>Refused</dt><dd>${counts.refused} of ${counts.calls} calls (${percent(share)}; usually ${percent(counts.usualRate)})</dd>
<dt>Status</dt><dd>${counts.status["401"]} × 401, ${counts.status["403"]} × 403</dd>
${about}
</dl>
</header>`;
}

/** `principalKind` as two words. */
const wordOf = (name: string): string => {
  if (name === "api") return "API";
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const WIDTH = 720;
const HEIGHT = 160;

function chart({ buckets, bucketMinutes, finding }: Incident): Html {
  const most = buckets.reduce((max, { calls: count }) => Math.max(max, count), 0);
  const first = buckets[0];
  const last = buckets.at(-1);
  if (most === 0 || first === undefined || last === undefined) return html``;
  const step = WIDTH / buckets.length;
  const y = (count: number): number => (HEIGHT * count) / most;
  const bar = (i: number, count: number, name: string): string =>
    count === 0
      ? ""
      : `<rect class="${name}" x="${(i * step).toFixed(1)}" y="${(HEIGHT - y(count)).toFixed(1)}" width="${Math.max(0.5, step * 0.86).toFixed(1)}" height="${y(count).toFixed(1)}"/>`;
  const bars = buckets.map(({ calls: all, refused }, i) => bar(i, all, "all") + bar(i, refused, "refused")).join("");
  const total = buckets.reduce((sum, { refused }) => sum + refused, 0);
  const at = (time: Instant): number =>
    (WIDTH * (time - first.start)) / (last.start - first.start + bucketMinutes * 60_000 * TICKS_PER_MS);
  const onset = at(finding.onset);
  const mark =
    onset >= 0 && onset <= WIDTH
      ? `<line class="onset" x1="${onset.toFixed(1)}" x2="${onset.toFixed(1)}" y1="0" y2="${HEIGHT}"/>`
      : "";
  const says = `${total} refused calls in buckets of ${bucketMinutes} min, at most ${most} calls in one`;
  return html`<figure>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${says}" preserveAspectRatio="none">${raw(bars)}${raw(mark)}</svg>
<figcaption><span>${timeText(first.start)}</span><span><b class="all">■</b> calls <b class="refused">■</b> refused <b class="onset">│</b> onset · ${bucketMinutes} min a bar, at most ${most} calls</span><span>${timeText(last.start)}</span></figcaption>
</figure>`;
}

const MOST_SPLITS = 10;

function splits(all: readonly Split[]): Html {
  const rows = all
    .slice(0, MOST_SPLITS)
    .map(({ where, refusedInside, refusedOutside, refused, calls: count, interval }) => {
      const what = Object.entries(where).map(([name, value]) => html`<div>${wordOf(name)} <b>${value}</b></div>`);
      const [low, high] = interval;
      return html`<tr><td>${what}</td><td class="n">${percent(refusedInside)}<small>${percent(low)} to ${percent(high)}</small></td><td class="n">${percent(refusedOutside)}</td><td class="n">${refused} of ${count}</td></tr>`;
    });
  if (rows.length === 0) return html``;
  return html`<section><h2>What the refused calls have in common</h2><table><thead><tr><th>Calls with</th><th class="n">refused</th><th class="n">others</th><th class="n">calls</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

const MOST_TEXTS = 50;

function cause({ cause: found, layer }: Finding): Html {
  const evidence = found.evidence.slice(0, MOST_TEXTS).map(({ says }) => html`<li>${says}</li>`);
  const rejected = found.rejected.slice(0, MOST_TEXTS).map(({ id, because }) => html`<li><b>${id}</b> ${because}</li>`);
  const missing = found.missing
    .slice(0, MOST_TEXTS)
    .map(({ field, fix: way }) => html`<li><b>${field}</b> ${way}</li>`);
  return html`<section><h2>Why</h2>
<p><b>${found.id}</b>, confidence ${found.confidence.toFixed(2)}; refused by ${layer === "cosmos" ? "Cosmos DB" : `the ${layer}`}.</p>
<ul>${evidence}</ul></section>
${section("What it is not", rejected, "ul")}${section("What would tell more", missing, "ul")}`;
}

function fix({ fix: way }: Finding): Html {
  const commands = way.commands.slice(0, MOST_TEXTS).map((command) => html`<pre>${command}</pre>`);
  return html`<section><h2>What to do</h2><p>${way.says}</p>${commands}</section>`;
}

function calls(stories: readonly CallStory[]): Html {
  const parts = stories.map(
    (story) => html`<article>
<h3>${story.verdict}</h3>
<p class="id">${story.id} · ${formatInstant(story.time)}</p>
<ol>${story.steps.map(({ at, where, says }) => html`<li><span class="where">${where}</span> ${offset(at, story.time)} ${says}</li>`)}</ol>
<ul class="who">${story.identity.map(({ who, says }) => html`<li><span class="where">${who}</span> ${says}</li>`)}</ul>
</article>`,
  );
  return section("Calls", parts);
}

const offset = (at: Instant, start: Instant): string => `+${((at - start) / TICKS_PER_MS).toFixed(1)} ms`;

const MOST_BUCKETS = 120;
const LEAD_MS = 3_600_000;

/** Counts calls in at most 120 buckets, from an hour before a finding's onset to its end, or to the last call. */
export class Buckets {
  readonly #minutes = new Map<number, { calls: number; refused: number }>();
  readonly #first: Instant;

  constructor({ onset }: Finding) {
    this.#first = instantFromTicks(onset - LEAD_MS * TICKS_PER_MS);
  }

  count(time: Instant, isRefused: boolean): void {
    if (time < this.#first) return;
    const minute = Math.floor((time - this.#first) / (60_000 * TICKS_PER_MS));
    const counts = this.#minutes.get(minute) ?? { calls: 0, refused: 0 };
    counts.calls += 1;
    if (isRefused) counts.refused += 1;
    this.#minutes.set(minute, counts);
  }

  list(): { readonly buckets: readonly Bucket[]; readonly bucketMinutes: number } {
    const last = [...this.#minutes.keys()].reduce((a, b) => Math.max(a, b), 0);
    const bucketMinutes = Math.max(1, Math.ceil((last + 1) / MOST_BUCKETS));
    const buckets = Array.from({ length: Math.ceil((last + 1) / bucketMinutes) }, (_, i) => ({
      start: instantFromTicks(this.#first + i * bucketMinutes * 60_000 * TICKS_PER_MS),
      calls: 0,
      refused: 0,
    }));
    for (const [minute, { calls: count, refused }] of this.#minutes) {
      const bucket = buckets[Math.floor(minute / bucketMinutes)];
      if (bucket === undefined) continue;
      bucket.calls += count;
      bucket.refused += refused;
    }
    return { buckets, bucketMinutes };
  }
}
