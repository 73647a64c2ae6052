// The page for people of the scoring service. All that it shows is asked of the service, and goes into the page as
// text, never as markup: titles and ids are somebody's input. What is asked is in the address, so that a link shows the
// same.

const byId = (id) => document.getElementById(id);
const count = new Intl.NumberFormat("en");
const titles = new Map();  // of the items met so far, by id
let model = null;          // the body of /v1/model
let likes = [];            // [{item, value}]: what somebody new liked; value "" where the model reads none
let asking = null;         // the AbortController of the question under way

/// An element with properties and children; a child that is a string becomes text.
function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const titleOf = (item) => titles.get(item) || item;

function learnTitles(items) {
  for (const {item, title} of items) {
    if (title) titles.set(item, title);
  }
}

// ---------------------------------------------------------------------------------------------- asking the service

class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function problemOf(response) {
  let detail = "";
  try {
    detail = (await response.json()).detail;
  } catch {
    // not the service's own answer; a proxy's, perhaps
  }
  const wait = response.headers.get("Retry-After");
  return new Problem(response.status, `${detail || response.statusText || "no reason given"} (${response.status})` +
    (wait ? `; try again in ${wait} s` : ""));
}

/// Asks for JSON: the body, what Server-Timing says, and the round trip in ms. Throws a Problem with words for people.
async function ask(path, options = {}) {
  const token = sessionStorage.getItem("token");
  const headers = {...(token && {Authorization: `Bearer ${token}`}),
                   ...(options.body && {"Content-Type": "application/json"})};
  const start = performance.now();
  let response;
  try {
    response = await fetch(path, {...options, headers, cache: "no-store"});
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The service does not answer.");
  }
  if (response.status === 401) {
    showTokenForm(token !== null);
  }
  if (!response.ok) {
    throw await problemOf(response);
  }
  const body = await response.json();
  const stages = stagesOf(response.headers.get("Server-Timing"));
  return {body, stages, roundTrip: await roundTripOf(response.url, start)};
}

/// From the request's first byte to the answer's last, in ms. What the browser does before and after, with whatever
/// else keeps it busy, is several times that.
async function roundTripOf(url, start) {
  const entry = () => performance.getEntriesByName(url, "resource").find(({startTime}) => startTime >= start);
  for (let turn = 0; turn < 10 && !entry(); ++turn) await new Promise((resume) => setTimeout(resume));
  const {requestStart, responseEnd} = entry() ?? {requestStart: start, responseEnd: performance.now()};
  return responseEnd - requestStart;
}

/// "parse;dur=0.01, queue;dur=0.2" -> [{name, ms}]
function stagesOf(header) {
  return (header || "").split(",").map((entry) => {
    const [name, ...parameters] = entry.split(";").map((part) => part.trim());
    const duration = parameters.find((parameter) => parameter.startsWith("dur="));
    return {name, ms: Number(duration?.slice(4))};
  }).filter(({name, ms}) => name && ms >= 0);
}

function showTokenForm(refused) {
  byId("token-form").hidden = false;
  byId("token-form").querySelector("label").textContent =
    refused ? "The service refused that token." : "This service wants a token.";
  byId("token").focus();
}

// ------------------------------------------------------------------------- the question: in the address and the form

/// {kind, user, item, likes, k, seen, filters}, filters as [[attribute, value or a|b]].
function questionOf(address) {
  const parameters = new URLSearchParams(address);
  const values = parameters.getAll("value");
  const kind = ["user", "item"].find((name) => parameters.has(name)) || (parameters.has("like") ? "events" : "none");
  return {
    kind,
    user: parameters.get("user") || "",
    item: parameters.get("item") || "",
    likes: parameters.getAll("like").map((item, row) => ({item, value: values[row] || ""})),
    k: parameters.get("k") || "10",
    seen: parameters.get("exclude_seen") === "false",
    filters: parameters.getAll("filter").map((text) => {
      const colon = text.indexOf(":");
      return [text.slice(0, colon), text.slice(colon + 1)];
    }),
  };
}

function settingsOf(question) {
  const parameters = new URLSearchParams({k: question.k});
  if (question.seen && question.kind !== "item") parameters.set("exclude_seen", "false");
  for (const [attribute, value] of question.filters) parameters.append("filter", `${attribute}:${value}`);
  return parameters;
}

function addressOf(question) {
  const parameters = new URLSearchParams();
  if (question.kind === "user") parameters.set("user", question.user);
  if (question.kind === "item") parameters.set("item", question.item);
  if (question.kind === "events") {
    for (const {item} of question.likes) parameters.append("like", item);
    if (question.likes.some(({value}) => value)) {
      for (const {value} of question.likes) parameters.append("value", value);
    }
  }
  for (const [name, value] of settingsOf(question)) parameters.append(name, value);
  return `/?${parameters}`;
}

/// What to send: path and, for events, the body.
function requestOf(question) {
  const settings = settingsOf(question);
  const [user, item] = [question.user, question.item].map(encodeURIComponent);
  if (question.kind === "user") return {path: `/v1/users/${user}/recommendations?${settings}`};
  if (question.kind === "item") return {path: `/v1/items/${item}/similar?${settings}`};
  const body = {
    events: question.likes.map(({item, value}) => ({item, value: value === "" ? 1 : Number(value)})),
    k: Number(question.k),
    exclude_seen: !question.seen,
  };
  if (question.filters.length) {
    body.filters = Object.fromEntries(question.filters.map(([name, value]) => [name, value.split("|")]));
  }
  return {path: "/v1/recommendations", body: JSON.stringify(body)};
}

const kindInForm = () => byId("ask").elements.kind.value;

function questionInForm() {
  return {
    kind: kindInForm(),
    user: byId("user").value.trim(),
    item: byId("item").value.trim(),
    likes,
    k: byId("k").value,
    seen: byId("seen").checked,
    filters: [...byId("filters").querySelectorAll("select")].filter(({value}) => value)
      .map(({name, value}) => [name, value]),
  };
}

function fillForm(question) {
  setKind(question.kind === "none" ? "user" : question.kind);
  byId("user").value = question.user;
  byId("item").value = question.item;
  likes = question.likes;
  showLikes();
  byId("k").value = question.k;
  byId("seen").checked = question.seen;
  for (const select of byId("filters").querySelectorAll("select")) {
    const value = question.filters.find(([name]) => name === select.name)?.[1] || "";
    if (![...select.options].some((option) => option.value === value)) {
      select.append(element("option", {value}, value.replaceAll("|", " or ")));
    }
    select.value = value;
  }
}

function setKind(kind) {
  byId("ask").elements.kind.value = kind;
  for (const part of document.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind;
  byId("seen-row").hidden = kind === "item";
  byId("seen-label").textContent = kind === "user" ? "Include items already seen" : "Include the items named";
}

/// Shows what the address asks for.
function follow(question) {
  asking?.abort();
  fillForm(question);
  if (question.kind === "none") {
    showNothing();
  } else {
    answer(question);
  }
}

/// Asks, and puts the question into the address unless it is there.
function go(question) {
  const address = addressOf(question);
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
  follow(question);
}

function goIfAsked() {
  const question = questionInForm();
  if (subjectMissing(question) === null && byId("ask").reportValidity()) go(question);
}

/// The field that has to be filled first; null when none.
function subjectMissing(question) {
  if (question.kind === "user") return question.user ? null : byId("user");
  if (question.kind === "item") return question.item ? null : byId("item");
  return question.likes.length ? null : byId("like");
}

// ---------------------------------------------------------------------------------------------- showing the answer

const headings = {
  user: ({user}) => `Recommendations for user ${user}`,
  item: ({item}) => `Similar to ${titleOf(item)}`,
  events: ({likes: liked}) => `Recommendations for somebody who liked ${
    liked.length > 3 ? `${liked.length} items` : liked.map(({item}) => titleOf(item)).join(", ")}`,
};

function showHeading(question) {
  const heading = headings[question.kind](question);
  byId("answer-title").textContent = heading;
  document.title = `${heading} · Alsace`;
}

function showNothing() {
  document.title = "Alsace";
  byId("answer-title").textContent = "Nothing asked yet";
  byId("asked").textContent = "Pick a user or an item, or name a few items that somebody liked.";
  byId("said").replaceChildren();
  byId("items").hidden = byId("latency").hidden = true;
  byId("answer").setAttribute("aria-busy", "false");
}

async function answer(question) {
  const mine = asking = new AbortController();
  const {path, body} = requestOf(question);
  showHeading(question);
  byId("asked").replaceChildren(element("code", {}, body ? `POST ${path} ${body}` : `GET ${path}`));
  byId("answer").setAttribute("aria-busy", "true");
  try {
    const answered = await ask(path, {signal: mine.signal, ...(body && {method: "POST", body})});
    if (mine.signal.aborted) return;
    learnTitles([...answered.body.items, answered.body]);  // of the item asked about, too
    showHeading(question);
    showNotices(question, answered.body);
    showItems(answered.body.items, question);
    showLatency(answered);
    if (model?.model !== answered.body.model) await quietly(loadModel());  // another one serves since
    await quietly(learnNames(question, mine.signal));
  } catch (error) {
    if (mine.signal.aborted) return;
    byId("items").hidden = byId("latency").hidden = true;
    say(element("p", {className: "notice wrong", role: "alert"}, error.message));
    if (error.status === 404 && question.kind === "item") await quietly(proposeItems(question, mine.signal));
  } finally {
    if (mine === asking) byId("answer").setAttribute("aria-busy", "false");
  }
}

/// For a nicety: the answer stands without it.
const quietly = (promise) => promise.catch(() => {});

const say = (...notices) => byId("said").replaceChildren(...notices);

function showNotices(question, body) {
  const notices = [];
  if (body.fallback === "popular") {
    const why = question.kind === "user" ? `User ${question.user} is not in the model` : "None of it is in the model";
    notices.push(element("p", {className: "notice fallback"}, element("strong", {}, `${why}: `),
      "this is the popular list."));
  }
  if (body.unknown_items?.length) {
    const names = body.unknown_items.join(", ");
    notices.push(element("p", {className: "notice"}, `Not in the model, so left out: ${names}.`));
  }
  const found = body.items.length;
  if (found < Number(question.k)) {
    const text = found ? `No more than ${count.format(found)} fit.` : "No item fits.";
    notices.push(element("p", {className: "notice"}, text));
  } else {
    notices.push(element("p", {className: "hidden"}, `${count.format(found)} found.`));  // for those who listen
  }
  say(...notices);
}

/// As many decimals as tell scores of this size apart; none where they are counts.
function scoreFormat(items) {
  const largest = Math.max(...items.map(({score}) => Math.abs(score)), 1e-6);
  const whole = items.every(({score}) => Number.isInteger(score));
  const decimals = whole ? 0 : Math.min(8, Math.max(1, 3 - Math.floor(Math.log10(largest))));
  return new Intl.NumberFormat("en", {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
}

function showItems(items, question) {
  const format = scoreFormat(items);
  const top = Math.max(...items.map(({score}) => score));
  const bottom = Math.min(0, ...items.map(({score}) => score));
  byId("items").hidden = items.length === 0;
  byId("items").tBodies[0].replaceChildren(...items.map(({item, title, score, rank}) => {
    const similar = {...question, kind: "item", item};
    const link = element("a", {href: addressOf(similar), title: "Show similar items"}, title || item);
    const bar = element("span", {className: "score-bar"});
    bar.style.width = `${top > bottom ? 100 * (score - bottom) / (top - bottom) : 0}%`;
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;  // a new tab or window
      event.preventDefault();
      go(similar);
      byId("answer").focus();
    });
    const row = element("tr", {}, element("td", {className: "number"}, String(rank)), element("td", {}, link),
      element("td", {className: "id"}, item),
      element("td", {className: "number score", title: String(score)}, format.format(score), bar));
    row.addEventListener("click", (event) => {
      if (event.target.closest("a") === null && String(getSelection()) === "") link.click();
    });
    return row;
  }));
}

/// Titles of what somebody liked, which the answer does not tell.
async function learnNames(question, signal) {
  if (question.kind !== "events") return;
  const unknown = question.likes.map(({item}) => item).filter((item) => !titles.has(item));
  await Promise.all(unknown.slice(0, 10).map((item) => search(item, signal)));
  if (signal.aborted || !unknown.some((item) => titles.has(item))) return;
  showHeading(question);
  showLikes();
}

async function proposeItems(question, signal) {
  const found = await search(question.item, signal);
  if (signal.aborted || found.length === 0) return;
  const lines = found.map(({item, title}) => {
    const link = element("a", {href: addressOf({...question, item})}, title || item);
    return element("li", {}, link, " ", element("span", {className: "id"}, item));
  });
  byId("said").append(element("p", {}, "Items like that:"), element("ul", {className: "proposals"}, ...lines));
}

const milliseconds = (ms) => `${ms < 0.1 ? ms.toFixed(3) : ms < 10 ? ms.toFixed(2) : ms.toFixed(1)} ms`;

/// One bar as long as the round trip: the stages that the service tells, and what is left for HTTP and the network.
function showLatency({stages, roundTrip}) {
  const told = stages.reduce((sum, {ms}) => sum + ms, 0);
  const parts = [...stages, {name: "network", ms: Math.max(0, roundTrip - told), rest: true}];
  const classOf = ({name, rest}) => rest ? "stage-rest" : `stage-${name}`;
  byId("latency").hidden = false;
  byId("bar").setAttribute("aria-label", parts.map(({name, ms}) => `${name} ${milliseconds(ms)}`).join(", "));
  byId("bar").replaceChildren(...parts.map((part) => {
    const segment = element("span", {className: `stage ${classOf(part)}`,
                                     title: `${part.name}: ${milliseconds(part.ms)}`});
    segment.style.flexGrow = part.ms;
    return segment;
  }));
  byId("stages").replaceChildren(...parts.map((part) => element("li", {},
    element("span", {className: `swatch ${classOf(part)}`}), `${part.name} `,
    element("b", {}, milliseconds(part.ms)))));
  byId("round-trip").replaceChildren("round trip ", element("b", {}, milliseconds(roundTrip)));
}

// ------------------------------------------------------------------------------------- items: suggestions and likes

async function search(text, signal) {
  const {body} = await ask(`/v1/items?${new URLSearchParams({search: text, limit: 10})}`, {signal});
  const items = body.items ?? body;
  learnTitles(items);
  return items;
}

/// Suggestions below a text field, by the ARIA pattern of a combobox with a list: arrows, Enter, Escape and the mouse.
function suggest(input, list, pick) {
  let found = [], active = -1, timer = 0, searching = null;

  const close = () => {
    clearTimeout(timer);
    searching?.abort();
    show([]);
  };
  const mark = (row) => {
    active = row;
    [...list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === row)));
    list.children[row]?.scrollIntoView({block: "nearest"});
    if (row < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", list.children[row].id);
  };
  const show = (items) => {
    found = items;
    list.replaceChildren(...items.map(({item, title}, row) => element("li", {id: `${list.id}-${row}`, role: "option"},
      element("span", {}, title || item), element("span", {className: "id"}, title ? item : ""))));
    list.hidden = items.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark(-1);
  };
  const choose = (row) => {
    const chosen = found[row].item;
    close();
    pick(chosen);
  };
  const look = async () => {
    const {signal} = searching = new AbortController();
    try {
      const items = await search(input.value.trim(), signal);
      if (!signal.aborted) show(items);
    } catch {
      // no suggestions, then; the question itself tells what is wrong
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    searching?.abort();
    if (input.value.trim() === "") return show([]);
    timer = setTimeout(look, 120);
  });
  input.addEventListener("keydown", (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step && found.length) {
      event.preventDefault();
      mark(active < 0 ? (step > 0 ? 0 : found.length - 1) : (active + step + found.length) % found.length);
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      choose(active);
    } else if (event.key === "Enter" || event.key === "Escape") {
      close();
    }
  });
  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault());  // keeps the focus in the field
  list.addEventListener("click", (event) => choose([...list.children].indexOf(event.target.closest("li"))));
}

/// Whether the value of an event means something to the model.
const readsValues = () => model?.objective === "explicit" || model?.parameters?.value === "raw";

function like(item) {
  byId("like").value = "";
  if (!likes.some((liked) => liked.item === item)) likes = [...likes, {item, value: ""}];
  showLikes();
  goIfAsked();
}

function showLikes() {
  byId("likes").replaceChildren(...likes.map((liked) => {
    const name = titleOf(liked.item);
    const drop = element("button", {type: "button", ariaLabel: `Remove ${name}`}, "×");
    drop.addEventListener("click", () => {
      likes = likes.filter((other) => other !== liked);
      showLikes();
      byId("like").focus();
      goIfAsked();
    });
    const row = element("li", {}, element("span", {}, name), drop);
    if (readsValues()) {
      const value = element("input", {type: "number", step: "any", required: true, value: liked.value,
                                      ariaLabel: `Value of ${name}`, placeholder: "value"});
      value.addEventListener("change", () => {
        likes = likes.map((other) => other === liked ? {...liked, value: value.value} : other);
        showLikes();
        goIfAsked();
      });
      drop.before(value);
    }
    return row;
  }));
}

// ------------------------------------------------------------------------------------------------ showing the model

function showModel() {
  const facts = [
    ["Objective", model.objective],
    ["Factors", count.format(model.factors)],
    ["Sweep", count.format(model.sweep)],
    ["Users", count.format(model.users)],
    ["Items", count.format(model.items)],
    ["Interactions", count.format(model.interactions)],
    ["Loaded", String(model.loaded_at).replace("T", " ").replace(/(\.\d+)?Z$/, " UTC")],
  ];
  byId("model-name").textContent = model.model;
  byId("facts").replaceChildren(...facts.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  byId("examples").replaceChildren(...model.example_users.map((user) => {
    const button = element("button", {type: "button"}, user);
    button.addEventListener("click", () => go({...questionInForm(), kind: "user", user}));
    return button;
  }));
  byId("filters").replaceChildren(...model.attributes.map(({name, values}) =>
    element("label", {className: "row"}, name, element("select", {name}, element("option", {value: ""}, "any"),
      ...values.map((value) => element("option", {value}, value))))));
  showShards();
}

function bytesInWords(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1024 ** power;
  return `${power === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[power]}`;
}

/// A half-open range of rows in words, and where it lies among all of them.
function rangeCell([begin, end], all) {
  const text = end > begin ? `${count.format(begin)} – ${count.format(end - 1)}` : "none";
  const bar = element("span", {className: "range-bar"});
  bar.style.marginLeft = `${100 * begin / Math.max(1, all)}%`;
  bar.style.width = `${100 * (end - begin) / Math.max(1, all)}%`;
  return element("td", {}, text, element("span", {className: "range"}, bar));
}

function showShards() {
  byId("shards").hidden = false;
  byId("shards").querySelector("tbody").replaceChildren(...model.ranks.map(({rank, host, users, items, bytes}) =>
    element("tr", {}, element("td", {className: "number"}, String(rank)), element("td", {}, host),
      rangeCell(users, model.users), element("td", {className: "number"}, count.format(items)),
      element("td", {className: "number", title: `${count.format(bytes)} bytes`}, bytesInWords(bytes)))));
}

async function loadModel() {
  model = (await ask("/v1/model")).body;
  const chosen = questionInForm().filters;
  showModel();
  fillForm({...questionInForm(), filters: chosen});
}

/// The model first, since the form's filters come from it.
async function start() {
  try {
    await loadModel();
    follow(questionOf(location.search));
  } catch (error) {
    byId("answer-title").textContent = "No model";
    byId("asked").textContent = error.message;
    byId("answer").setAttribute("aria-busy", "false");
    if (error.status === 503) setTimeout(start, 1000);  // it is on its way
  }
}

// -------------------------------------------------------------------------------------------------------- the wiring

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = questionInForm();
  const missing = subjectMissing(question);
  if (missing) missing.focus();
  else go(question);
});
for (const radio of byId("ask").elements.kind) radio.addEventListener("change", () => setKind(radio.value));
for (const id of ["k", "seen", "filters"]) byId(id).addEventListener("change", goIfAsked);
suggest(byId("item"), byId("item-list"), (item) => go({...questionInForm(), item}));
suggest(byId("like"), byId("like-list"), like);
byId("like").addEventListener("keydown", (event) => {
  const text = byId("like").value.trim();
  if (event.key !== "Enter" || event.defaultPrevented || !text) return;
  event.preventDefault();
  like(text);
});
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", byId("token").value.trim());
  byId("token").value = "";
  byId("token-form").hidden = true;
  start();
});
performance.onresourcetimingbufferfull = () => performance.clearResourceTimings();
addEventListener("popstate", () => follow(questionOf(location.search)));
start();
