"use strict";
// Enlarges the pictures; the page is complete without this.
(function () {
  const large = document.getElementById("large");
  if (!large || !large.showModal) return;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => large.close());
  large.addEventListener("click", (event) => event.target === large && large.close());

  // All pictures of the part side by side, with its caption.
  function enlarge(button) {
    const figure = button.closest("figure"), copy = figure.cloneNode(true);
    copy.querySelectorAll("button.picture").forEach(function (picture) {
      picture.replaceWith(...picture.childNodes);
    });
    large.replaceChildren(close, copy);
    large.showModal();
    close.focus();
  }
  document.querySelectorAll(".gallery button.picture").forEach(function (button) {
    button.setAttribute("aria-label", "Enlarge: " + button.querySelector("img").alt + " of " +
      button.closest("figure").querySelector("[title]").textContent);
    button.addEventListener("click", () => enlarge(button));
  });
})();

// Moves the thresholds over the scores; the page is complete without this.
(function () {
  const data = JSON.parse(document.getElementById("scores").textContent);
  const sliders = { fail: document.getElementById("fail"), review: document.getElementById("review") };
  if (!sliders.fail) return;
  const steps = Number(sliders.fail.max);
  const start = { fail: data.fail, review: data.review };
  const now = { fail: data.fail, review: data.review };

  // The axis: a share 0..1 of its length to a score and back, on a logarithmic scale where data.log is set.
  const scale = data.log ? Math.log : (x) => x, unscale = data.log ? Math.exp : (x) => x;
  const low = scale(data.low), high = scale(data.high);
  const scoreAt = (share) => unscale(low + share * (high - low));
  const shareOf = (score) => Math.min(1, Math.max(0, (scale(score) - low) / (high - low)));

  // [pass, review, fail] of a list of scores.
  function count(scores) {
    const counts = [0, 0, 0];
    for (const score of scores) counts[score > now.fail ? 2 : score > now.review ? 1 : 0]++;
    return counts;
  }
  const percent = (part, whole) =>
    (whole ? (100 * part / whole).toFixed(whole < 100 ? 0 : whole < 1000 ? 1 : 2) + "\u00a0%" : "–");
  const digits = (value) => (value === 0 ? "0" : Number(value.toPrecision(5)).toString());
  function say(id, text) {
    const element = document.getElementById(id);
    if (element) element.textContent = text;
  }
  function fillRow(row, counts) {
    const cells = row.querySelectorAll("[data-verdict]"), total = counts[0] + counts[1] + counts[2];
    cells.forEach(function (cell) {
      const verdict = Number(cell.dataset.verdict);
      cell.firstChild.data = counts[verdict];
      const share = cell.querySelector("small");
      if (share) share.textContent = percent(counts[verdict], total);
    });
  }
  function movePoint(id, x, y) {
    const point = document.getElementById(id);
    if (!point || !isFinite(x) || !isFinite(y)) return;
    const box = point.dataset;
    point.setAttribute("cx", Number(box.left) + x * Number(box.width));
    point.setAttribute("cy", Number(box.bottom) - y * Number(box.height));
  }

  function show() {
    const good = count(data.good), bad = count(data.defective);
    const goods = data.good.length, bads = data.defective.length, rejected = good[2] + bad[2];
    const plot = document.getElementById("histogram");
    plot.style.setProperty("--fail-at", 100 * shareOf(now.fail) + "%");
    plot.style.setProperty("--review-at", 100 * shareOf(now.review) + "%");
    plot.classList.toggle("bandless", now.review >= now.fail);
    plot.classList.toggle("unjudged", shareOf(now.fail) >= 1);
    for (const name of ["fail", "review"]) {
      say(name + "-value", digits(now[name]));
      sliders[name].value = Math.round(steps * shareOf(now[name]));
      sliders[name].setAttribute("aria-valuetext", digits(now[name]));
    }
    const rows = document.querySelectorAll("[data-scores]");
    rows.forEach(function (row) {
      const key = row.dataset.scores;
      fillRow(row, count(key === "good" || key === "defective" ? data[key] : data.kinds[Number(key)]));
    });
    say("precision", percent(bad[2], rejected));
    say("accuracy", percent(goods - good[2] + bad[2], goods + bads));
    movePoint("roc-point", good[2] / goods, bad[2] / bads);
    movePoint("pr-point", bad[2] / bads, rejected ? bad[2] / rejected : 1);
  }

  // REVIEW ends where FAIL begins: each slider pushes the other one along.
  function moved(name) {
    now[name] = scoreAt(Number(sliders[name].value) / steps);
    if (name === "fail") now.review = Math.min(now.review, now.fail);
    else now.fail = Math.max(now.review, now.fail);
    show();
  }
  sliders.fail.addEventListener("input", () => moved("fail"));
  sliders.review.addEventListener("input", () => moved("review"));
  document.querySelectorAll("[data-try]").forEach((button) => button.addEventListener("click", function () {
    now.fail = now.review = Number(button.dataset.try);
    show();
  }));
  document.getElementById("reset").addEventListener("click", function () {
    Object.assign(now, start);
    show();
  });
  show();
})();
