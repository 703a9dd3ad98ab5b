// Every word of the page: a translation replaces this file.
"use strict";
const TEXTS = {
  title: "DifferNet inspection station", stage: "Picture with its map", model: "Model", verdict: "Verdict",
  map: "Map", zoom: "Zoom", live: "Live", who: "Who", note: "Note", scores: "Last 200 scores", models: "Models",
  upload: "Judge a picture", part: "Part", drop: "Choose pictures, or drop them here.", history: "History",
  from: "From", undecided: "without a decision", show: "Show", csv: "CSV", more: "More", token: "Token",
  enter: "Enter", all: "all",
  confirmed: "Confirm (C)", overruled_good: "It is good (G)", overruled_defective: "It is defective (D)",
  decided: { confirmed: "confirmed", overruled_good: "overruled: good", overruled_defective: "overruled: defective" },
  verdicts: { PASS: "PASS", REVIEW: "REVIEW", FAIL: "FAIL", NONE: "no verdict", ERROR: "ERROR" },
  now: { model: "Model", part_id: "Part", raw_score: "Score", threshold: "Threshold", time: "Time", sequence: "No." },
  shift: { count: "Since this page was opened", PASS: "PASS", REVIEW: "REVIEW", FAIL: "FAIL", since: "Since" },
  modelHead: ["Name", "State", "Model ID", "Judged", "p50 ms", "p95 ms"],
  historyHead: ["No.", "Time", "Model", "Part", "Verdict", "Score", "Decision"],
  states: { ready: "ready", stale: "stale" },
  lost: "No connection to the station; trying again.",
  refused: "The station refused: ", noPicture: "no picture is kept", needWho: "Enter who decides.",
  wrongToken: "This token is not accepted.",
};
