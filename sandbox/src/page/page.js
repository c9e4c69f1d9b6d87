// Swaps the parts of the page that the sandbox says have changed, and carries out what a person does.
"use strict";

const me = () => document.body.dataset.me;
const place = () => document.body.dataset.channel;
const at = (id) => document.getElementById(id);

// ---- Times: the server sends moments, the browser shows them in the reader's own terms.

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function shown(time) {
  const moment = new Date(time.dateTime);
  const seconds = (moment - Date.now()) / 1000;
  switch (time.dataset.show) {
    case "clock":
      return moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    case "ago": {
      const units = [["second", 60], ["minute", 60], ["hour", 24], ["day", Infinity]];
      let amount = seconds;
      for (const [unit, size] of units) {
        if (Math.abs(amount) < size) return relative.format(Math.round(amount), unit);
        amount /= size;
      }
    }
    case "elapsed": {
      const past = Math.max(0, Math.floor(-seconds));
      return past < 60 ? `${past} s` : `${Math.floor(past / 60)} min ${String(past % 60).padStart(2, "0")} s`;
    }
    default:
      return moment.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  }
}

function tellTimes(root) {
  for (const time of root.querySelectorAll("time[data-show]")) {
    const text = shown(time);
    if (time.textContent !== text) time.textContent = text;
    time.title = new Date(time.dateTime).toLocaleString();
  }
}

// ---- Changing a part in place, so that focus, selection and opened details stay as they are.

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) return void (old.data = fresh.data);
  morphAttributes(old, fresh);
  morphChildren(old, fresh);
}

function morphAttributes(old, fresh) {
  const wanted = fresh.getAttribute("data-open");
  if (wanted !== null && old.getAttribute("data-open") !== wanted) old.open = wanted === "true";
  if (old.nodeName === "OPTION" && old.hasAttribute("selected") !== fresh.hasAttribute("selected")) {
    old.selected = fresh.hasAttribute("selected");
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
}

function morphChildren(old, fresh) {
  const named = new Map();
  for (const child of old.children) if (child.id) named.set(child.id, child);
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const alike = next && !next.id && !child.id && next.nodeName === child.nodeName;
    const match = child.id ? named.get(child.id) : alike ? next : undefined;
    if (!match) {
      old.insertBefore(child, next);
      continue;
    }
    if (match === next) next = next.nextSibling;
    else old.insertBefore(match, next);
    morph(match, child);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

// ---- Live parts

function receive({ part, html }) {
  const old = at(part);
  if (!old) return;
  const fresh = old.cloneNode(false);
  fresh.innerHTML = html;
  tellTimes(fresh);
  const log = at("log");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 90;
  if (part === "messages") announce(fresh);
  morphChildren(old, fresh);
  if (part === "messages" && atEnd) log.scrollTop = log.scrollHeight;
  for (const pre of old.querySelectorAll("pre.log")) if (!pre.matches(":hover, :focus")) pre.scrollTop = pre.scrollHeight;
}

// A card is edited in place, which a log region does not read out: say its new first line.
const summaries = new Map();

function announce(messages) {
  const first = summaries.size === 0;
  for (const message of messages.querySelectorAll(".message")) {
    const known = summaries.get(message.id);
    const summary = message.dataset.summary;
    if (!first && known !== undefined && known !== summary) at("status").textContent = summary;
    summaries.set(message.id, summary);
  }
}

function watch() {
  const source = new EventSource("/live" + location.search);
  source.onopen = () => (at("away").hidden = true);
  source.onerror = () => (at("away").hidden = false);
  source.onmessage = (event) => receive(JSON.parse(event.data));
}

// ---- Acting

async function send(path, body, method = "POST") {
  const answer = await fetch("/control/" + path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const result = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new Error(result.error || `The sandbox answered ${answer.status}.`);
  return result;
}

function complain(error) {
  const problem = at("problem");
  problem.hidden = !error;
  problem.textContent = error ? error.message : "";
}

async function act(path, body, method) {
  try {
    complain(null);
    const result = await send(path, body, method);
    if (result.form) openForm(result.interaction, result.form);
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (!button) return;
  const { message, button: id, emoji, mine, branch, repository } = button.dataset;
  switch (button.dataset.act) {
    case "clicks":
      act("discord/clicks", { as: me(), message, button: id });
      break;
    case "reacts":
      button.closest("details")?.removeAttribute("open");
      act("discord/reacts", { as: me(), message, emoji, remove: mine !== undefined });
      break;
    case "push":
      act("github/push", { repository, branch, message: `Change pushed by ${me()}`, pusher: me() });
      break;
  }
});

// A palette closes when something else is clicked, or with Escape.
function closePalettes(but) {
  for (const picker of document.querySelectorAll(".picker[open]")) if (picker !== but) picker.open = false;
}
document.addEventListener("click", (event) => closePalettes(event.target.closest(".picker")));
document.addEventListener("keydown", (event) => event.key === "Escape" && closePalettes(null));

document.addEventListener("change", (event) => {
  const field = event.target.closest("select[data-act]");
  if (!field) return;
  const { act: what, message, menu, file, repository } = field.dataset;
  if (what === "become") field.form.submit();
  else if (what === "selects" && field.value) act("discord/selects", { as: me(), message, menu, values: [field.value] });
  else if (what === "script") act(`github/workflows/${encodeURIComponent(file)}/script`, { repository, script: field.value }, "PUT");
});

// ---- Forms that the bot opens

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function openForm(interaction, form) {
  const dialog = at("form");
  const fields = form.inputs.map((input, index) => {
    const id = `field-${index}`;
    const box = element("textarea", { id, name: input.custom_id, value: input.value, required: input.required, rows: 2 });
    box.maxLength = input.max_length;
    return element("p", {}, element("label", { htmlFor: id, textContent: input.label }), box);
  });
  const cancel = element("button", { type: "button", className: "button", textContent: "Cancel" });
  cancel.onclick = () => dialog.close();
  const submit = element("button", { type: "submit", className: "button primary", textContent: "Submit" });
  const body = element("form", {}, element("h2", { id: "form-title", textContent: form.title }), ...fields);
  body.append(element("p", { className: "buttons" }, submit, cancel));
  body.onsubmit = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(body));
    if (await act("discord/submits", { form: interaction, values })) dialog.close();
  };
  dialog.replaceChildren(body);
  dialog.showModal();
}

// ---- The message box and its suggestions

const box = { options: [], active: -1, asking: null, timer: 0 };

function showSuggestions(options) {
  const list = at("suggestions");
  box.options = options;
  box.active = -1;
  list.replaceChildren(
    ...options.map((option, index) => {
      const item = element("li", { id: `suggestion-${index}`, role: "option" });
      item.append(element("strong", { textContent: option.label }));
      if (option.detail) item.append(element("span", { textContent: option.detail }));
      item.setAttribute("aria-selected", "false");
      item.onmousedown = (event) => {
        event.preventDefault();
        take(index);
      };
      return item;
    }),
  );
  list.hidden = options.length === 0;
  at("line").setAttribute("aria-expanded", String(options.length > 0));
  at("line").removeAttribute("aria-activedescendant");
}

function move(by) {
  const count = box.options.length;
  box.active = box.active < 0 ? (by > 0 ? 0 : count - 1) : (box.active + by + count) % count;
  [...at("suggestions").children].forEach((item, index) => {
    item.setAttribute("aria-selected", String(index === box.active));
    if (index === box.active) item.scrollIntoView({ block: "nearest" });
  });
  at("line").setAttribute("aria-activedescendant", `suggestion-${box.active}`);
}

function take(index) {
  const line = at("line");
  line.value = box.options[index].line;
  line.focus();
  suggest();
}

async function suggest() {
  const line = at("line").value;
  box.asking?.abort();
  if (!line.startsWith("/")) return showSuggestions([]);
  box.asking = new AbortController();
  const query = new URLSearchParams({ as: me(), channel: place(), line });
  try {
    const answer = await fetch("/control/discord/suggestions?" + query, { signal: box.asking.signal });
    if (answer.ok && at("line").value === line) showSuggestions(await answer.json());
  } catch (error) {
    if (error.name !== "AbortError") showSuggestions([]);
  }
}

function press(event) {
  const open = box.options.length > 0;
  if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (open && event.key === "Tab" && !event.shiftKey) {
    take(Math.max(box.active, 0));
  } else if (open && event.key === "Enter" && box.active >= 0) {
    take(box.active);
  } else if (open && event.key === "Escape") {
    showSuggestions([]);
  } else {
    return;
  }
  event.preventDefault();
}

async function submit(event) {
  event.preventDefault();
  const line = at("line");
  const text = line.value.trim();
  if (!text) return;
  box.asking?.abort();
  showSuggestions([]);
  line.value = "";
  const path = text.startsWith("/") ? "discord/types" : "discord/says";
  const sent = await act(path, { as: me(), channel: place(), line: text });
  // What was refused can be mended and sent again.
  if (!sent && !line.value) line.value = text;
  at("log").scrollTop = at("log").scrollHeight;
}

at("line").addEventListener("input", () => {
  complain(null);
  clearTimeout(box.timer);
  box.timer = setTimeout(suggest, 90);
});
at("line").addEventListener("keydown", press);
at("line").addEventListener("blur", () => showSuggestions([]));
at("composer").addEventListener("submit", submit);

// A link to a run or a job opens it.
function openTarget() {
  const target = location.hash && at(location.hash.slice(1));
  for (let part = target; part; part = part.parentElement) if (part.nodeName === "DETAILS") part.open = true;
  if (target) target.scrollIntoView({ block: "center" });
}
addEventListener("hashchange", openTarget);

tellTimes(document);
setInterval(() => tellTimes(document), 1000);
openTarget();
if (!location.hash) at("log").scrollTop = at("log").scrollHeight;
at("line").focus({ preventScroll: true });
watch();
