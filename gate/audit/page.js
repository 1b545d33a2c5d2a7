"use strict";
(function () {
  const root = document.documentElement;
  const form = document.getElementById("filters");
  const rows = Array.from(document.querySelectorAll("[data-row]"));
  const status = document.getElementById("shown");
  const title = document.title;
  const has = function (list, value) { return !value || list.split("\n").includes(value); };
  function apply() {
    const field = form.elements;
    const text = field.text.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const data = row.dataset;
      const fits = (!text || data.text.includes(text)) && (!field.verdict.value || data.verdict === field.verdict.value) &&
        (!field.kind.value || data.kind === field.kind.value) && (!field.rule.value || data.rules.split(" ").includes(field.rule.value)) &&
        has(data.owners, field.owner.value) && has(data.namespaces, field.namespace.value);
      row.classList.toggle("hidden", !fits);
      shown += fits ? 1 : 0;
    }
    status.textContent = shown + " of " + rows.length + " subjects shown";
  }
  function route(event) {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const page = target && target.closest("article.page");
    const was = document.querySelector("article.shown");
    if (was) { was.classList.remove("shown"); }
    root.classList.toggle("one", Boolean(page));
    if (page) { page.classList.add("shown"); }
    document.title = page ? target.textContent + " - " + title : title;
    if (target && (event || page)) {
      target.focus({ preventScroll: true });
      if (page) { window.scrollTo(0, 0); } else { target.scrollIntoView(); }
    }
  }
  form.addEventListener("input", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () { setTimeout(apply, 0); });
  document.addEventListener("click", function (event) {
    const link = event.target.closest("a[data-filter]");
    if (link) { form.reset(); form.elements[link.dataset.filter].value = link.dataset.value; apply(); }
  });
  window.addEventListener("beforeprint", function () { for (const one of document.querySelectorAll("details")) { one.open = true; } });
  window.addEventListener("hashchange", route);
  root.classList.add("js");
  apply();
  route(null);
})();
