// Shows the OpenAPI document and sends requests. All text goes in as text, never as markup.
"use strict";

const byId = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function resolve(api, schema, depth = 0) {
  if (!schema || depth > 6) return schema;
  if (schema.$ref) return resolve(api, api.components.schemas[schema.$ref.split("/").pop()], depth + 1);
  return schema;
}

function sample(api, given, depth = 0) {
  const schema = resolve(api, given) || {};
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.const !== undefined) return schema.const;
  if (depth > 5) return null;
  const choice = (schema.anyOf || schema.oneOf || []).find((one) => one.type !== "null");
  if (choice) return sample(api, choice, depth + 1);
  if (schema.properties) {
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, part]) => [name, sample(api, part, depth + 1)]),
    );
  }
  if (schema.type === "array") return [sample(api, schema.items || {}, depth + 1)];
  return { string: "", integer: 0, number: 0, boolean: false }[schema.type] ?? {};
}

const pretty = (value) => JSON.stringify(value, null, 2);

function parameterTable(operation) {
  const parameters = operation.parameters || [];
  if (!parameters.length) return null;
  const rows = parameters.map((one) => {
    const name = `${one.in}:${one.name}`;
    const field = element("input", { "data-in": one.in, "data-name": one.name, "aria-label": name });
    const label = one.name + (one.required ? " (required)" : "");
    return element("tr", {}, element("td", {}, element("code", {}, label)), element("td", {}, one.in),
      element("td", {}, one.description || one.schema?.type || ""), element("td", {}, field));
  });
  const head = ["name", "in", "meaning", "value"].map((text) => element("th", { scope: "col" }, text));
  return element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}

function bodyField(api, operation) {
  const content = operation.requestBody?.content?.["application/json"];
  if (!content) return null;
  const example = content.example ?? sample(api, content.schema);
  return element("textarea", { "aria-label": "request body", spellcheck: "false" }, pretty(example));
}

function responseTable(api, operation) {
  const rows = Object.entries(operation.responses || {}).map(([status, answer]) => {
    const schema = answer.content?.["application/json"]?.schema;
    const shown = schema ? element("pre", {}, pretty(sample(api, schema))) : null;
    return element("tr", {}, element("td", {}, status), element("td", {}, answer.description || "", shown));
  });
  return element("table", {}, element("tbody", {}, ...rows));
}

async function send(path, method, box, output) {
  let target = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const field of box.querySelectorAll("input[data-in]")) {
    if (!field.value) continue;
    const { in: place, name } = field.dataset;
    if (place === "path") target = target.replace(`{${name}}`, encodeURIComponent(field.value));
    if (place === "query") query.append(name, field.value);
    if (place === "header") headers[name] = field.value;
  }
  const body = box.querySelector("textarea")?.value;
  if (body) headers["Content-Type"] = "application/json";
  if (byId("key").value) headers.Authorization = `Bearer ${byId("key").value}`;
  const url = query.size ? `${target}?${query}` : target;
  output.textContent = "…";
  try {
    const answer = await fetch(url, { method: method.toUpperCase(), headers, body });
    const text = await answer.text();
    let shown = text;
    try { shown = pretty(JSON.parse(text)); } catch { /* not JSON: shown as it is */ }
    output.textContent = `${answer.status} ${answer.statusText}\n\n${shown}`;
  } catch (error) {
    output.textContent = String(error);
  }
}

function operationBox(api, path, method, operation) {
  const head = element("summary", {}, element("span", { class: `method ${method}` }, method),
    element("code", {}, path), element("span", {}, operation.summary || ""),
    element("span", { class: "role" }, operation["x-role"] || ""));
  const box = element("details", { id: operation.operationId, "data-words": `${path} ${operation.summary} ${operation.operationId}`.toLowerCase() }, head);
  box.addEventListener("toggle", () => {
    if (!box.open || box.dataset.filled) return;
    box.dataset.filled = "yes";
    const output = element("pre", { "aria-live": "polite" });
    const button = element("button", { type: "button" }, "Send");
    button.addEventListener("click", () => send(path, method, box, output));
    const isStream = path.endsWith("/stream") || path === "/api/v1/events";
    const parts = [element("p", {}, operation.description || ""), parameterTable(operation), bodyField(api, operation),
      isStream ? null : button, isStream ? null : output, element("h3", {}, "Answers"), responseTable(api, operation)];
    box.append(...parts.filter((part) => part !== null));
  });
  return box;
}

function show(api) {
  byId("version").textContent = api.info.version;
  byId("about").textContent = api.info.description || "";
  const sections = (api.tags || []).map((tag) => {
    const boxes = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods).filter(([, one]) => one.tags?.includes(tag.name))
        .map(([method, one]) => operationBox(api, path, method, one)));
    return element("section", {}, element("h2", {}, tag.name), element("p", {}, tag.description || ""), ...boxes);
  });
  byId("operations").replaceChildren(...sections);
}

byId("controls").addEventListener("submit", (event) => event.preventDefault());
byId("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const box of document.querySelectorAll("details")) box.hidden = !box.dataset.words.includes(wanted);
});

/** Opens the operation that the address names. */
function reveal() {
  const box = byId(location.hash.slice(1));
  if (box?.tagName !== "DETAILS") return;
  box.open = true;
  box.scrollIntoView();
}

async function load() {
  const key = byId("key").value;
  const answer = await fetch("/openapi.json", key ? { headers: { Authorization: `Bearer ${key}` } } : {});
  if (answer.ok) {
    show(await answer.json());
    reveal();
  } else byId("operations").textContent = `The document cannot be read (${answer.status}). Enter an API key.`;
}

byId("key").addEventListener("change", load);
addEventListener("hashchange", reveal);
load();
