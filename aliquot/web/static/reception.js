// The order form's filter: what is typed hides the other offers; Enter ticks the first that is left.
"use strict";

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function filter(field) {
  const asked = plain(field.value).split(/\s+/).filter(Boolean);
  const list = document.getElementById(field.dataset.filter);
  const offers = [...list.querySelectorAll("[data-words]")];
  for (const one of offers) one.hidden = !asked.every((word) => plain(one.dataset.words).includes(word));
  for (const group of list.querySelectorAll("[data-filter-group]")) {
    group.hidden = !group.querySelector("[data-words]:not([hidden])");
  }
  const empty = document.querySelector("[data-filter-empty]");
  empty.hidden = offers.some((one) => !one.hidden);
  return offers.filter((one) => !one.hidden).map((one) => one.querySelector("input"));
}

function boxes(list) {
  return [...list.querySelectorAll("[data-words]:not([hidden]) input")];
}

for (const place of document.querySelectorAll("[data-filter-place]")) place.hidden = false;

for (const field of document.querySelectorAll("[data-filter]")) {
  const list = document.getElementById(field.dataset.filter);
  field.addEventListener("input", () => filter(field));
  field.addEventListener("keydown", (event) => {
    const shown = boxes(list);
    if (event.key === "ArrowDown" && shown.length) {
      event.preventDefault();
      shown[0].focus();
    }
    if (event.key !== "Enter") return;
    // Enter in a field would send the order.
    event.preventDefault();
    if (!field.value.trim() || !shown.length) return;
    shown[0].click();
    field.value = "";
    filter(field);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const shown = boxes(list);
    const to = shown.indexOf(event.target) + step;
    (to < 0 ? field : shown[Math.min(to, shown.length - 1)]).focus();
  });
  field.focus();
}
