// What the forms of the administration do beside sending: another line of a list, adding what was found to what is
// chosen, and taking over what somebody else has changed meanwhile without losing what was typed.

// --- Lines of a list ---------------------------------------------------------------------------------------

function addLine(button) {
  const last = [...button.closest("fieldset").querySelectorAll("tbody tr")].at(-1);
  const line = last.cloneNode(true);
  for (const field of line.querySelectorAll("[name]")) {
    const [list, n, name] = field.name.split(".");
    const next = Number(n) + 1;
    field.id = field.name = `${list}.${next}.${name}`;
    field.value = "";
    field.removeAttribute("aria-invalid");
    field.setAttribute("aria-label", field.getAttribute("aria-label").replace(/\d+$/, next + 1));
  }
  last.after(line);
  line.querySelector("[name]").focus();
}

// --- One of those that were found joins those that are chosen -----------------------------------------------

function gather(radio, place) {
  const chosen = place.querySelector(".gathered");
  const there = [...chosen.querySelectorAll("input")].find((one) => one.value === radio.value);
  if (there) there.checked = true;
  else {
    const line = document.createElement("li");
    const label = line.appendChild(document.createElement("label"));
    const box = label.appendChild(document.createElement("input"));
    Object.assign(box, { type: "checkbox", name: place.dataset.gather, value: radio.value, checked: true });
    label.append(" ", radio.closest("label").querySelector("span").textContent.trim());
    chosen.append(line);
  }
  const search = place.querySelector("[type=search]");
  radio.closest(".list").replaceChildren();
  search.value = "";
  search.focus();
}

// --- What somebody else has changed meanwhile ---------------------------------------------------------------

const partsOf = (form) => new Map([...form.querySelectorAll("[data-part]")].map((one) => [one.dataset.part, one]));
const fieldsOf = (part) => [...part.querySelectorAll("[name]")].filter((one) => !one.matches("[type=search], [type=hidden]"));
const isBox = (field) => field.matches("[type=checkbox], [type=radio]");
const typed = (part) => said(part, (one) => (isBox(one) ? one.checked : one.value));
const before = (part) => part.dataset.before ?? said(part, wasBefore);
const name = (field) => (isBox(field) ? `${field.name} ${field.value}` : field.name);

function said(part, value) {
  const told = fieldsOf(part).map((one) => [name(one), value(one)]).filter(([, one]) => one !== "" && one !== false);
  return JSON.stringify(told.sort());
}

// As the page came: a browser remembers that of each field by itself.
function wasBefore(field) {
  if (isBox(field)) return field.defaultChecked;
  if (field.tagName !== "SELECT") return field.defaultValue;
  return [...field.options].find((one) => one.defaultSelected)?.value ?? field.options[0]?.value ?? "";
}

function shown(part) {
  const told = fieldsOf(part).map((one) => {
    if (isBox(one)) return one.checked && one.closest("label, .field").textContent.trim();
    return one.tagName === "SELECT" ? one.selectedOptions[0]?.textContent : one.value;
  });
  return told.filter(Boolean).join(", ") || "–";
}

async function takeOver(button) {
  const form = button.closest("form");
  if (!form?.dataset.fresh) return location.reload();
  const answer = await fetch(form.dataset.fresh, { headers: { Accept: "text/html" } });
  if (!answer.ok) return location.reload();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(form.id);
  if (!fresh) return location.reload();
  const theirs = partsOf(fresh);
  for (const [key, mine] of partsOf(form)) {
    const other = theirs.get(key);
    if (!other || before(mine) === before(other)) continue;
    if (typed(mine) === before(mine)) put(other, mine);
    else if (typed(mine) !== before(other)) tell(mine, button.dataset.now.replace("…", shown(other)));
  }
  form.dataset.version = fresh.dataset.version;
  document.dispatchEvent(new CustomEvent("said", { detail: button.dataset.fresh }));
  form.querySelector(".problems").replaceChildren();
  form.querySelector(".first")?.focus();
}

function put(theirs, mine) {
  const part = document.importNode(theirs, true);
  mine.replaceWith(part);
  window.htmx.process(part);
}

function tell(part, text) {
  const note = document.createElement("p");
  note.className = "hint now";
  note.textContent = text;
  part.querySelector(".now")?.remove();
  part.append(note);
}

// --- Where it happens ---------------------------------------------------------------------------------------

// before anything is typed: what is found by a search takes the place of what was chosen
document.addEventListener("focusin", ({ target }) => {
  for (const part of target.closest("form[data-fresh]")?.querySelectorAll("[data-part]") ?? []) part.dataset.before ??= before(part);
});

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-another-row], button[data-fresh]");
  if (!button) return;
  if (button.matches("[data-another-row]")) addLine(button);
  else takeOver(button);
});

document.addEventListener("change", (event) => {
  const place = event.target.closest?.("[data-gather]");
  if (place && event.target.matches("[type=radio]")) gather(event.target, place);
});
