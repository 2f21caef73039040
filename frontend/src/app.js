// What every page does beside what htmx does: say who sends, once, in which version; tell problems where they belong;
// and keep the focus where the reader is.
import htmx from "htmx.org";
import "./administration.js";
import "./requests.js";

window.htmx = htmx;

const csrf = () => document.querySelector('meta[name="csrf"]').content;
const owner = (element) => element.closest("form, [data-sends]") ?? element;

// --- Sending -----------------------------------------------------------------------------------------

function headersFor(element) {
  const sender = owner(element);
  // the same key while nobody knows what became of it: asked again, it is done once
  sender.dataset.key ||= crypto.randomUUID();
  const language = document.documentElement.lang;
  const headers = { "X-CSRF-Token": csrf(), "Idempotency-Key": sender.dataset.key, "Accept-Language": language };
  if (sender.dataset.version) headers["If-Match"] = `"${sender.dataset.version}"`;
  return headers;
}

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  // what is answered is in the language of the page, whatever the browser's is
  ctx.request.headers["Accept-Language"] = document.documentElement.lang;
  if (ctx.request.method !== "GET") Object.assign(ctx.request.headers, headersFor(ctx.sourceElement));
});

document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const { sourceElement: element, response } = ctx;
  const sender = owner(element);
  // what is only looked up within a form says nothing of what the form sends, whoever sends it
  const looksUp = element.closest("form") && !element.matches("form, button");
  if (response.status < 500 && !(looksUp && sender.matches("form"))) delete sender.dataset.key;
  if (response.status < 400) {
    // what a problem shows with it, it asks for by itself
    const places = looksUp ? [] : problemsOf(element).filter((one) => !one.contains(element));
    for (const place of places) place.replaceChildren();
    return;
  }
  ctx.target = problemsOf(element).at(0);
  ctx.swap = "innerHTML";
});

document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
  if (!ctx?.sourceElement) return console.error(error);
  const told = document.createElement("p");
  told.className = "problem";
  told.textContent = document.body.dataset.unreachable;
  problemsOf(ctx.sourceElement).at(0)?.replaceChildren(told);
});

// --- Problems ----------------------------------------------------------------------------------------

// The nearest place that can tell them: of the form, of the dialog, of the page.
function problemsOf(element) {
  const within = [element.closest("form"), element.closest("dialog"), document];
  return within.map((one) => one?.querySelector(".problems")).filter(Boolean);
}

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const target = ctx.target;
  if (!(target instanceof Element)) return;
  if (target.classList.contains("problems")) mark(target);
  if (target.id === "dialog-content") open();
  target.querySelector("[autofocus]")?.focus();
});

// Faulty fields are marked, named by their labels, and the first one gets the focus.
function mark(place) {
  const form = place.closest("form");
  for (const field of form?.querySelectorAll("[aria-invalid]") ?? []) field.removeAttribute("aria-invalid");
  let first = null;
  for (const line of place.querySelectorAll("[data-field]")) {
    const field = form?.elements.namedItem(line.dataset.field);
    const several = field instanceof RadioNodeList ? [...field].filter((one) => one.type !== "hidden") : [];
    const search = document.getElementById(`${line.dataset.field.replaceAll(".", "-")}-search`);
    const one = search ?? several.at(-1) ?? field;
    if (!one) continue;
    one.setAttribute("aria-invalid", "true");
    const legend = (search || several.length > 1) && one.closest("fieldset")?.querySelector("legend");
    const label = (legend || one.labels?.[0])?.firstChild?.textContent.trim() ?? one.getAttribute("aria-label");
    if (label) line.textContent = `${label}: ${line.textContent}`;
    first ??= one;
  }
  if (first) first.focus();
  else place.scrollIntoView({ block: "nearest" });
}

// What was foreseen, was foreseen of what was filled in then.
document.addEventListener("input", ({ target }) => {
  target.closest("form")?.querySelector("[data-preview]")?.replaceChildren();
});

// --- Choosing ----------------------------------------------------------------------------------------

// Whoever has chosen from what was found so far is not robbed of it by an answer that comes late.
document.addEventListener("htmx:before:swap", (event) => {
  const { sourceElement: search, target } = event.detail.ctx;
  const chosen = target?.closest?.(".choose") && target.querySelector(":checked");
  if (chosen && document.activeElement !== search) event.preventDefault();
});

// --- The dialog --------------------------------------------------------------------------------------

const dialog = () => document.getElementById("dialog");

function open() {
  if (!dialog().open) dialog().showModal();
}

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  if (event.target.closest("[data-close]")) {
    event.preventDefault();
    dialog().close();
  }
});

document.addEventListener("DOMContentLoaded", () => {
  dialog()?.addEventListener("close", () => document.getElementById("dialog-content").replaceChildren());
});

// Something that a page says without moving: read aloud, shown for a while.
function say(text) {
  const place = document.getElementById("said");
  place.textContent = text;
  place.classList.add("shown");
  setTimeout(() => place.classList.remove("shown"), 6000);
}

document.addEventListener("said", (event) => say(event.detail.value ?? event.detail));

// A piece of a page in the dialog, for whoever has no form to show it in.
function show(html) {
  const content = document.getElementById("dialog-content");
  content.innerHTML = html; // escaped by our templates; the policy runs no script in it anyway
  const close = document.createElement("button");
  close.dataset.close = "";
  close.textContent = document.body.dataset.wordClose;
  content.append(close);
  content.querySelector("h2, strong")?.setAttribute("id", "dialog-title");
  open();
  close.focus();
}

window.spreekuur = { headersFor, say, show };
