// Lists that are worked through by keys, and lists that change by themselves. It keeps nothing after the page.
"use strict";

const LINE = "[data-row], [data-rows] tbody tr";

// Lines: a line is where the focus moves; it may have a box to choose it and a link to open it. ------------------

function lines() {
  return [...document.querySelectorAll(LINE)];
}

function here() {
  return document.activeElement?.closest(LINE) ?? document.querySelector("tr.here");
}

function stand(line) {
  if (!line) return;
  for (const one of document.querySelectorAll("tr.here")) one.classList.remove("here");
  line.classList.add("here");
  (line.querySelector("th[tabindex]") ?? line.querySelector("[data-row-open], a"))?.focus();
  line.scrollIntoView({ block: "nearest" });
}

const MOVES = {
  next: () => stand(lines()[lines().indexOf(here()) + 1] ?? here()),
  previous: () => stand(lines()[Math.max(lines().indexOf(here()) - 1, 0)]),
  choose: () => here()?.querySelector("[data-row-choose]")?.click(),
  open: () => here()?.querySelector("[data-row-open], a")?.click(),
};

document.addEventListener("click", (event) => {
  const move = event.target.closest("[data-move]")?.dataset.move;
  if (move) MOVES[move]();
});

// Arrivals: what changed in a list that was exchanged is marked and told once. ------------------------------------------

let before = new Map();

function stamps(list) {
  return new Map([...list.querySelectorAll("[data-stamp]")].map((row) => [row.id, row.dataset.stamp]));
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const list = event.detail.target;
  if (list.dataset.arrivals) before = stamps(list);
});

document.addEventListener("htmx:afterSettle", (event) => {
  const list = event.detail.elt;
  if (!list.dataset?.arrivals) return;
  const changed = [...list.querySelectorAll("[data-stamp]")].filter((row) => before.get(row.id) !== row.dataset.stamp);
  for (const row of changed) row.classList.add("arrived");
  if (changed.length) {
    const names = changed.slice(0, 5).map((row) => row.dataset.name);
    document.getElementById("live").textContent =
      `${changed.length} ${list.dataset.arrivals}: ${names.join(", ")}${changed.length > 5 ? " …" : ""}`;
  }
});

// Choosing everything that nothing holds is one key; what is held is chosen by hand, one by one. ------------------------

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-choose-unheld]")) return;
  for (const box of document.querySelectorAll("[data-unheld]")) box.checked = true;
});
