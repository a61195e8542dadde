"use strict";
// Sort a table by a column: click its heading, again for the other direction.
for (const table of document.querySelectorAll("table.sortable")) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = head.querySelector("button");
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      const key = (row) => row.cells[column].dataset.key;
      const rows = Array.from(table.tBodies[0].rows);
      const empty = (row) => (key(row) === "" ? 1 : 0);
      const isNumber = rows.every((row) => empty(row) || !Number.isNaN(Number(key(row))));
      rows.sort((a, b) => {
        if (empty(a) || empty(b)) return empty(a) - empty(b);
        return sign * (isNumber ? Number(key(a)) - Number(key(b)) : key(a).localeCompare(key(b)));
      });
      table.tBodies[0].append(...rows);
    });
  });
}
// Say what is under the pointer, or the finger, in a figure.
const tip = document.getElementById("tip");
document.addEventListener("pointermove", show);
document.addEventListener("pointerdown", show);
function show(event) {
  const mark = event.target.closest ? event.target.closest("[data-tip]") : null;
  tip.hidden = mark === null;
  if (mark === null) return;
  tip.textContent = mark.dataset.tip;
  const width = document.documentElement.clientWidth;
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, width - tip.offsetWidth - 8))}px`;
  tip.style.top = `${event.clientY + 16}px`;
}
