"use strict";
/* Charts that answer: a cursor with the values under it, by mouse, finger or arrow keys; legend entries that hide their marks. */
const written = v => v.toLocaleString("en", { maximumFractionDigits: 2 }).replace("-", "\u2212");
function asked(svg) {
  const told = JSON.parse(svg.dataset.read), figure = svg.closest("figure"), [left, right] = told.x || [0, 0];
  const view = svg.viewBox.baseVal, minutes = told.h ? told.h.length * 60 : 0, names = {};
  figure.querySelectorAll(".entry").forEach(entry => {
    const css = entry.dataset.mark;
    names[css] = entry.textContent.trim();
    entry.tabIndex = 0;
    entry.setAttribute("role", "button");
    entry.setAttribute("aria-pressed", "true");
    const turn = () => {
      const on = entry.getAttribute("aria-pressed") !== "true";
      entry.setAttribute("aria-pressed", on);
      const marks = css === "up" ? ".bar:not(.exception):not(.negative)" : css === "down" ? ".bar.negative" : "path." + css + ", .bar." + css + (css === "outcome" ? ", .bar.exception" : "");
      svg.querySelectorAll(marks).forEach(mark => { mark.style.visibility = on ? "" : "hidden"; });
    };
    entry.addEventListener("click", turn);
    entry.addEventListener("keydown", e => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); turn(); } });
  });
  const cursor = document.createElementNS(svg.namespaceURI, "line"), box = document.createElement("p");
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("y1", 8);
  cursor.setAttribute("y2", view.height - 20);
  box.className = "readout";
  box.setAttribute("role", "status");
  figure.append(box);
  const slots = told.t ? told.t.length : minutes / Math.min(60, ...told.s.map(s => s.m));
  let now = -1;
  function show(slot) {
    now = Math.max(0, Math.min(slots - 1, slot));
    const x = told.p ? told.p[now] : left + (now + 0.5) / slots * (right - left), minute = minutes * now / slots;
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    svg.append(cursor);
    const two = n => String(n).padStart(2, "0");
    const when = told.t ? told.t[now] : two(told.h[Math.floor(minute / 60)]) + ":" + two(Math.round(minute % 60));
    const values = told.s.map(s => {
      const i = told.t ? now : Math.floor((minute - s.f) / s.m), v = s.v[i], low = s.l && s.l[i];
      if (v === null || v === undefined) return "";
      return (names[s.c] ? names[s.c] + " " : "") + (s.l ? written(low) + " to " : "") + written(v);
    });
    box.textContent = [when, ...values.filter(Boolean)].join(" \u00b7 ");
  }
  const hide = () => { cursor.remove(); box.textContent = ""; now = -1; };
  svg.tabIndex = 0;
  svg.addEventListener("pointermove", e => {
    const r = svg.getBoundingClientRect(), scale = Math.min(r.width / view.width, r.height / view.height);
    const x = (e.clientX - r.left - (r.width - view.width * scale) / 2) / scale;
    if (!told.p) return show(Math.floor((x - left) / (right - left) * slots));
    let low = 0, high = slots - 1;
    while (low < high) { const mid = (low + high) >> 1; if ((told.p[mid] + told.p[mid + 1]) / 2 < x) low = mid + 1; else high = mid; }
    show(low);
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", e => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 12, PageUp: -12 }[e.key];
    if (step) { e.preventDefault(); show(now + step); } else if (e.key === "Escape") hide();
  });
}
document.querySelectorAll("svg[data-read]").forEach(asked);
/* A link to a section opens it; one button folds and unfolds all. */
const unfold = () => { const at = location.hash && document.getElementById(location.hash.slice(1)), fold = at && (at.closest("details") || at.querySelector("details")); if (fold) { fold.open = true; at.scrollIntoView(); } };
addEventListener("hashchange", unfold);
unfold();
const folds = document.querySelectorAll("section > details"), all = document.getElementById("fold");
if (all) {
  all.hidden = false;
  all.addEventListener("click", () => { const open = all.textContent !== "fold all"; folds.forEach(d => { d.open = open; }); all.textContent = open ? "fold all" : "unfold all"; });
}
