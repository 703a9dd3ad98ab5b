// The page of the station. It keeps a bounded number of rows and of object URLs, so it may stay open for weeks.
"use strict";

const STRIP = 200, HISTORY_PAGE = 50, HISTORY_MOST = 1000, MODELS_EVERY_MS = 5000, RETRY_MS = 3000;
const $ = (id) => document.getElementById(id);
const verdictOf = (row) => row.verdict || (row.error ? "ERROR" : "NONE");
const number = (value) => (typeof value === "number" ? value.toPrecision(5) : "–");
let token = sessionStorage.getItem("token") || "";
let shown = null;      // the row in the picture box
let isLive = true;     // new inspections are shown as they come
let strip = [];        // the last rows
let cursor = null;     // of the history
const urls = {};       // one object URL an image element
const shift = { since: new Date(), count: 0, PASS: 0, REVIEW: 0, FAIL: 0, NONE: 0, ERROR: 0 };

// ---- asking ----

class Refusal extends Error {}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { ...options, headers });
  if (answer.ok) return answer;
  if (answer.status === 401) askForToken();
  let detail = String(answer.status);
  try { detail = (await answer.json()).detail; } catch { /* not ours */ }
  throw Object.assign(new Refusal(detail), { status: answer.status });
}

const askJson = async (path, options) => (await ask(path, options)).json();

function say(text) {
  $("notice").hidden = !text;
  $("notice").textContent = text || "";
}

// Runs an action of the user; what fails is told.
async function attempt(action) {
  try {
    await action();
    say("");
  } catch (error) {
    say(error instanceof Refusal ? TEXTS.refused + error.message : TEXTS.lost);
  }
}

function askForToken() {
  if ($("token-box").open) return;
  if (token) say(TEXTS.wrongToken);
  $("token-box").showModal();
}

// ---- building ----

function fill(parent, ...children) { parent.replaceChildren(...children); }

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function list(target, names, values) {
  fill($(target), ...Object.entries(names).flatMap(([key, label]) =>
    [element("dt", label), element("dd", values[key] === undefined ? "–" : values[key])]));
}

const clock = (text) => { const time = new Date(text); return isNaN(time) ? "–" : time.toLocaleString(); };

// ---- the picture ----

function showImage(id, blob) {
  if (urls[id]) URL.revokeObjectURL(urls[id]);
  urls[id] = blob ? URL.createObjectURL(blob) : null;
  if (blob) $(id).src = urls[id];
  else $(id).removeAttribute("src");
}

async function loadFile(row, kind) {
  if (!row.sequence || (row.kept && !row.kept.includes(kind))) return null;
  try {
    return await (await ask(`/api/inspections/${row.sequence}/${kind}`)).blob();
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return null;
    throw error;
  }
}

// Pictures that browsers do not draw (TIFF, PNM) are shown as their overlay, where one is kept.
async function loadPicture(row) {
  if (row.error) return null; // what is kept of it is no picture
  const picture = await loadFile(row, "picture");
  if (picture && /tiff|anymap/.test(picture.type)) return (await loadFile(row, "overlay")) || null;
  return picture;
}

async function show(row) {
  shown = row;
  const verdict = verdictOf(row);
  $("verdict").textContent = TEXTS.verdicts[verdict];
  $("verdict").dataset.verdict = verdict;
  list("now", TEXTS.now, { ...row, raw_score: number(row.raw_score), threshold: number(row.threshold),
    time: clock(row.time) });
  showDecisions(row);
  for (const line of $("history").children)
    line.setAttribute("aria-selected", String(Number(line.dataset.sequence) === row.sequence));
  const [picture, map] = await Promise.all([loadPicture(row), loadFile(row, "map")]);
  if (shown !== row) return; // a newer one came in the meantime
  showImage("picture", picture);
  showImage("map", picture && map);
  $("picture").alt = row.error || (picture ? row.image_path : TEXTS.noPicture);
}

function showDecisions(row) {
  fill($("decisions"), ...(row.decisions || []).map((one) =>
    element("li", `${clock(one.time)} – ${TEXTS.decided[one.decision]} – ${one.who}${one.note ? `: ${one.note}` : ""}`)));
  for (const button of document.querySelectorAll("[data-decision]")) button.disabled = !row.sequence;
}

async function decide(decision) {
  const who = $("who").value.trim();
  if (!shown || !shown.sequence) return;
  if (!who) { say(TEXTS.needWho); $("who").focus(); return; }
  await attempt(async () => {
    const row = await askJson(`/api/inspections/${shown.sequence}/decisions`, { method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ decision, who, note: $("note").value.trim() }) });
    localStorage.setItem("who", who);
    $("note").value = "";
    shown = row;
    showDecisions(row);
    replaceLine(row);
  });
}

// Without zoom the whole picture is seen: no defect hides below the edge.
function setView() {
  const picture = $("picture"), shape = picture.naturalWidth / picture.naturalHeight;
  const whole = Math.min($("stage").clientWidth, innerHeight * 0.7 * shape) || $("stage").clientWidth;
  $("map").style.opacity = $("opacity").value / 100;
  picture.style.width = $("map").style.width = `${whole * $("zoom").value / 100}px`;
}

function setLive(on) {
  isLive = on;
  $("live").setAttribute("aria-pressed", String(on));
}

// ---- the strip of scores ----

function stripPoints(of, height, top) {
  return strip.map((row, i) => [i * 800 / STRIP + 2, height - 6 - (of(row) / top) * (height - 12)])
    .filter(([, y]) => isFinite(y));
}

function drawStrip() {
  const height = 160, values = strip.flatMap((row) => [row.raw_score, row.threshold]).filter(Number.isFinite);
  const top = Math.max(...values, 1e-9) * 1.05;
  const line = (of, name) => shape("polyline", { class: name,
    points: stripPoints(of, height, top).map((point) => point.join(",")).join(" ") });
  const dots = strip.flatMap((row, i) => {
    if (row.error) return [];
    const x = i * 800 / STRIP + 2, y = height - 6 - (row.raw_score / top) * (height - 12);
    const dot = shape("line", { class: `dot ${verdictOf(row)}`, x1: x, x2: x, y1: y, y2: y });
    const title = shape("title", {});
    title.textContent = `${row.sequence || ""} ${verdictOf(row)} ${number(row.raw_score)}`;
    dot.append(title);
    return [dot];
  });
  fill($("strip"), line((row) => row.threshold ?? NaN, "threshold"),
    line((row) => row.review_threshold ?? NaN, "review"), ...dots);
}

function addToStrip(row) {
  strip.push(row);
  if (strip.length > STRIP) strip = strip.slice(-STRIP);
  drawStrip();
}

// ---- history ----

function makeLine(row) {
  const line = element("tr", undefined, { "data-sequence": row.sequence, tabindex: 0 });
  const verdict = element("td");
  verdict.append(element("span", TEXTS.verdicts[verdictOf(row)], { class: `tag ${verdictOf(row)}` }));
  const last = (row.decisions || []).at(-1);
  line.append(element("td", row.sequence), element("td", clock(row.time)), element("td", row.model),
    element("td", row.part_id || ""), verdict, element("td", number(row.raw_score)),
    element("td", last ? TEXTS.decided[last.decision] : ""));
  const open = () => { setLive(false); attempt(async () => show(await askJson(`/api/inspections/${row.sequence}`))); };
  line.addEventListener("click", open);
  line.addEventListener("keydown", (event) => { if (event.key === "Enter") open(); });
  return line;
}

function replaceLine(row) {
  const old = document.querySelector(`#history tr[data-sequence="${row.sequence}"]`);
  if (old) old.replaceWith(makeLine(row));
}

function query(more) {
  const wanted = new URLSearchParams({ limit: HISTORY_PAGE });
  const fields = { model: "by-model", verdict: "by-verdict", part_id: "by-part", from: "by-from" };
  for (const [key, id] of Object.entries(fields)) if ($(id).value) wanted.set(key, $(id).value);
  if ($("by-open").checked) wanted.set("undecided", "true");
  if (more && cursor) wanted.set("cursor", cursor);
  return wanted;
}

const hasFilter = () => ["by-model", "by-verdict", "by-part", "by-from"].some((id) => $(id).value) || $("by-open").checked;

async function loadHistory(more) {
  let page;
  try {
    page = await askJson(`/api/inspections?${query(more)}`);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
    $("history-box").hidden = true; // a station without an archive
    return;
  }
  if (!more) fill($("history"));
  $("history").append(...page.inspections.map(makeLine));
  cursor = page.next;
  $("more").hidden = !cursor || $("history").children.length >= HISTORY_MOST;
}

async function saveCsv() {
  const wanted = query(false);
  wanted.set("format", "csv");
  wanted.set("limit", 1000);
  const url = URL.createObjectURL(await (await ask(`/api/inspections?${wanted}`)).blob());
  const link = element("a", "", { href: url, download: "inspections.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function addToHistory(row) {
  if (!row.sequence || hasFilter() || document.querySelector(`#history tr[data-sequence="${row.sequence}"]`)) return;
  $("history").prepend(makeLine(row));
  while ($("history").children.length > HISTORY_MOST) $("history").lastElementChild.remove();
}

// ---- models ----

function fillChoice(id, names, withAll) {
  const before = $(id).value, options = names.map((name) => element("option", name, { value: name }));
  if ([...$(id).options].map((one) => one.value).filter(Boolean).join("\n") === names.join("\n") && $(id).options.length) return;
  fill($(id), ...(withAll ? [element("option", TEXTS.all, { value: "" })] : []), ...options);
  $(id).value = names.includes(before) || (withAll && before === "") ? before : $(id).options[0]?.value;
}

async function loadModels() {
  const { models } = await askJson("/api/models");
  fill($("models"), ...models.map((one) => {
    const line = element("tr"), latency = one.latency_ms || {};
    const state = element("td", TEXTS.states[one.state], { class: one.state, title: one.message || "" });
    if (one.message) state.append(element("div", one.message));
    line.append(element("td", one.name), state, element("td", one.model_id), element("td", one.inspections),
      element("td", latency.p50 === undefined ? "–" : latency.p50.toFixed(0)),
      element("td", latency.p95 === undefined ? "–" : latency.p95.toFixed(0)));
    return line;
  }));
  const names = models.map((one) => one.name);
  fillChoice("model", names, false);
  fillChoice("by-model", names, true);
}

// ---- upload ----

async function upload(files) {
  for (const file of files) {
    const form = new FormData();
    form.append("file", file);
    if ($("part").value) form.append("part_id", $("part").value);
    await ask(`/api/models/${encodeURIComponent($("model").value)}:predict`, { method: "POST", body: form });
  }
}

// ---- events ----

function take(event, text) {
  const data = JSON.parse(text);
  if (event === "inspection") {
    shift.count++;
    shift[verdictOf(data)]++;
    list("shift", TEXTS.shift, { ...shift, since: shift.since.toLocaleTimeString() });
    addToStrip(data);
    addToHistory(data);
    if (isLive) attempt(() => show(data));
  } else if (event === "decision") {
    if (document.querySelector(`#history tr[data-sequence="${Number(data.sequence)}"]`))
      attempt(async () => replaceLine(await askJson(`/api/inspections/${Number(data.sequence)}`)));
  } else if (event === "model") attempt(loadModels);
}

// EventSource cannot send a token, so the stream is read here.
async function listen() {
  const answer = await ask("/api/events", { headers: lastId ? { "Last-Event-ID": lastId } : {} });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  say("");
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const messages = (rest + value).split("\n\n");
    rest = messages.pop();
    for (const message of messages) {
      const fields = Object.fromEntries(message.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      if (fields.id) lastId = fields.id;
      if (fields.event) take(fields.event, fields.data);
    }
  }
}
let lastId = "";

async function run() {
  for (;;) {
    try {
      await loadModels();
      await loadHistory(false);
      if (!$("history-box").hidden) strip = (await askJson(`/api/inspections?limit=${STRIP}`)).inspections.reverse();
      drawStrip();
      if (strip.length && !shown) await show(strip.at(-1));
      await listen();
    } catch (error) {
      if (!(error instanceof Refusal)) say(TEXTS.lost);
      else if (error.status !== 401) say(TEXTS.refused + error.message);
    }
    lastId = ""; // after a restart of the station the numbers begin again
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}

// ---- start ----

function dress() {
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = TEXTS[place.dataset.text];
  for (const place of document.querySelectorAll("[data-label]")) place.setAttribute("aria-label", TEXTS[place.dataset.label]);
  for (const button of document.querySelectorAll("[data-decision]")) button.textContent = TEXTS[button.dataset.decision];
  fill($("model-head"), ...TEXTS.modelHead.map((text) => element("th", text)));
  fill($("history-head"), ...TEXTS.historyHead.map((text) => element("th", text)));
  fill($("by-verdict"), element("option", TEXTS.all, { value: "" }),
    ...["FAIL", "REVIEW", "PASS", "ERROR"].map((name) => element("option", TEXTS.verdicts[name], { value: name })));
  $("who").value = localStorage.getItem("who") || "";
  list("now", TEXTS.now, {});
  list("shift", TEXTS.shift, { ...shift, since: shift.since.toLocaleTimeString() });
}

function bind() {
  const keys = { c: "confirmed", g: "overruled_good", d: "overruled_defective" };
  for (const id of ["opacity", "zoom"]) $(id).addEventListener("input", setView);
  $("picture").addEventListener("load", setView);
  window.addEventListener("resize", setView);
  $("live").addEventListener("click", () => { setLive(true); if (strip.length) attempt(() => show(strip.at(-1))); });
  for (const button of document.querySelectorAll("[data-decision]"))
    button.addEventListener("click", () => decide(button.dataset.decision));
  document.addEventListener("keydown", (event) => {
    const typing = /INPUT|SELECT|TEXTAREA/.test(event.target.tagName) && event.target.type !== "range";
    if (typing || event.ctrlKey || event.metaKey || event.altKey || $("token-box").open) return;
    if (keys[event.key]) decide(keys[event.key]);
  });
  $("filters").addEventListener("submit", (event) => { event.preventDefault(); attempt(() => loadHistory(false)); });
  $("decide").addEventListener("submit", (event) => event.preventDefault());
  $("more").addEventListener("click", () => attempt(() => loadHistory(true)));
  $("csv").addEventListener("click", () => attempt(saveCsv));
  $("file").addEventListener("change", () => attempt(async () => { await upload($("file").files); $("file").value = ""; }));
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
  $("drop").addEventListener("dragover", () => $("drop").classList.add("over"));
  $("drop").addEventListener("dragleave", () => $("drop").classList.remove("over"));
  $("drop").addEventListener("drop", (event) => {
    $("drop").classList.remove("over");
    attempt(() => upload(event.dataTransfer.files));
  });
  $("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    token = $("token").value.trim();
    sessionStorage.setItem("token", token);
    $("token").value = "";
    $("token-box").close();
    say("");
  });
}

dress();
bind();
setView();
setLive(true);
setInterval(() => { if (!document.hidden && !$("token-box").open) loadModels().catch(() => {}); }, MODELS_EVERY_MS);
run();
