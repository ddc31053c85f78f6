// What the pages cannot say in HTML: shortcuts, focus, passkeys, polling. It keeps nothing about a patient.
"use strict";

const QUIET_AFTER_MS = 10 * 60 * 1000;
const SEQUENCE_MS = 1500;
const KEYS_OFF = "aliquot-keys-off";
// A scanner sends its keys faster than a hand can press two.
const SCANNER_MS = 40;

// Shortcuts ---------------------------------------------------------------------------------------------------------
// Anything with data-keys="g s" is clicked (or focused, if it is a field) when its keys are pressed one after another.

let typed = [];
let typedAt = 0;

function typing(target) {
  // A box that is ticked takes no letters: its list stays at the keys.
  if (["checkbox", "radio"].includes(target.type)) return false;
  return target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName);
}

function registered() {
  return [...document.querySelectorAll("[data-keys]")].filter((one) => one.offsetParent !== null || one.dataset.keysAlways);
}

function press(element) {
  if (typing(element)) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function showHelp() {
  const dialog = document.getElementById("help");
  const list = dialog?.querySelector("[data-keys-list]");
  if (!list || dialog.open) return;
  list.replaceChildren();
  for (const one of registered()) {
    const term = document.createElement("dt");
    for (const key of one.dataset.keys.split(" ")) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      term.append(cap, " ");
    }
    const meaning = document.createElement("dd");
    meaning.textContent = one.dataset.keysLabel || one.getAttribute("aria-label") || one.textContent.trim();
    list.append(term, meaning);
  }
  dialog.showModal();
}

// A field that waits for the scanner (data-scan) has the focus all day. Escape leaves it; while it is empty, two keys that
// a hand presses one after another lead to a desk; and a scan that begins with a digit finds its way back to it.

function leaveScan(field) {
  field.blur();
  document.getElementById("main").focus({ preventScroll: true });
  typed = [];
  say(document.querySelector("[data-scan-left]").dataset.scanLeft);
}

function chordInScan(event) {
  const field = event.target;
  const byHand = event.timeStamp - typedAt > SCANNER_MS;
  typed = event.timeStamp - typedAt > SEQUENCE_MS ? [event.key] : [...typed, event.key].slice(-2);
  typedAt = event.timeStamp;
  const said = typed.join(" ");
  const meant = byHand && field.value === typed[0] && registered().find((one) => said === one.dataset.keys);
  if (!meant) return;
  event.preventDefault();
  field.value = "";
  press(meant);
}

function backToScan(event) {
  const field = document.querySelector("[data-scan]");
  // The rest of a barcode whose first letters went elsewhere would name another tube.
  const midway = typed.length > 0 && event.timeStamp - typedAt <= SEQUENCE_MS;
  if (!field || midway || !/^[0-9]$/.test(event.key)) return false;
  field.focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  const scanning = event.target.matches?.("[data-scan]");
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (scanning && event.key === "Escape") leaveScan(event.target);
  if ((typing(event.target) && !scanning) || document.querySelector("dialog[open]") || event.key.length !== 1) return;
  if (!scanning && backToScan(event)) return;
  // A single key must be possible to switch off, for people who speak to their computer.
  if (localStorage.getItem(KEYS_OFF)) return;
  if (scanning) {
    chordInScan(event);
    return;
  }
  typed = event.timeStamp - typedAt > SEQUENCE_MS ? [event.key] : [...typed, event.key].slice(-3);
  typedAt = event.timeStamp;
  const said = typed.join(" ");
  const meant = registered().find((one) => said === one.dataset.keys || said.endsWith(` ${one.dataset.keys}`));
  if (!meant) return;
  event.preventDefault();
  typed = [];
  press(meant);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys-help]")) showHelp();
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target.closest("[data-print]")) window.print();
  const filling = event.target.closest("[data-fill]");
  if (filling) document.getElementById(filling.dataset.fill).value = filling.dataset.fillWith;
});

for (const box of document.querySelectorAll("[data-keys-switch]")) {
  box.checked = !localStorage.getItem(KEYS_OFF);
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "1");
  });
}

// Focus and words after a part of the page was exchanged --------------------------------------------------------------

function say(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

document.addEventListener("htmx:afterSettle", (event) => {
  const part = event.detail.elt;
  const next = part.querySelector?.("[autofocus], [aria-invalid='true'], [data-focus]") ?? null;
  if (next) next.focus();
  const words = part.dataset?.said ?? part.querySelector?.("[data-said]")?.dataset.said;
  if (words) say(words);
});

document.addEventListener("htmx:beforeRequest", () => {
  document.getElementById("problem")?.replaceChildren();
});

for (const first of document.querySelectorAll("[data-problem]")) first.focus();

// Polling and idleness ------------------------------------------------------------------------------------------------
// A page that asks by itself would keep a session alive over an empty chair: it stops when nobody is there.

let lastInput = Date.now();
for (const sign of ["pointerdown", "keydown", "wheel"]) {
  document.addEventListener(sign, () => (lastInput = Date.now()), { passive: true, capture: true });
}

document.addEventListener("htmx:confirm", (event) => {
  const away = document.hidden || Date.now() - lastInput > QUIET_AFTER_MS;
  if (away && event.detail.elt.hasAttribute("data-poll")) event.preventDefault();
});

const idleMinutes = Number(document.body.dataset.idleMinutes);
if (idleMinutes) {
  setInterval(() => {
    if (Date.now() - lastInput > idleMinutes * 60 * 1000) location.assign(document.body.dataset.idleTo);
  }, 15000);
}

// Passkeys --------------------------------------------------------------------------------------------------------------
// <button data-passkey="get|create"> sends its form for the options, lets the authenticator answer, sends it again.

async function options(form, address) {
  const body = new FormData(form);
  body.set("factor-options", "1");
  const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({ title: "", then: "" }));
    throw new Error(`${told.title}. ${told.then}`);
  }
  return answer.json();
}

async function ceremony(kind, asked) {
  const { publicKey } = JSON.parse(asked.options);
  if (kind === "create") {
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  }
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
}

async function confirmWithPasskey(button) {
  const form = button.form;
  const status = form.querySelector("[data-passkey-status]");
  status.textContent = "";
  const needed = button.dataset.passkeyNeeds ? form.elements[button.dataset.passkeyNeeds] : form;
  if (!needed.reportValidity()) return;
  button.disabled = true;
  try {
    const asked = await options(form, button.hasAttribute("formaction") ? button.formAction : form.action);
    const made = await ceremony(button.dataset.passkey, asked);
    form.elements["factor-handle"].value = asked.handle;
    form.elements["factor-response"].value = JSON.stringify(made.toJSON());
    button.disabled = false;
    form.requestSubmit(button);
  } catch (error) {
    // The browser's own words for a ceremony that was broken off help nobody; ours stand in the page.
    status.textContent = error instanceof DOMException ? status.dataset.brokenOff : error.message;
    button.disabled = false;
    button.focus();
  }
}

const canPasskey = window.isSecureContext && window.PublicKeyCredential?.parseRequestOptionsFromJSON;

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-passkey]");
  if (!button) return;
  event.preventDefault();
  confirmWithPasskey(button);
});

function offerPasskeys(root) {
  for (const one of root.querySelectorAll("[data-passkey-offer]")) one.hidden = !canPasskey;
}

offerPasskeys(document);
document.addEventListener("htmx:afterSettle", (event) => offerPasskeys(event.detail.elt));
