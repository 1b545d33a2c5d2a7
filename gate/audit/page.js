"use strict";
(function () {
  const form = document.getElementById("filters");
  const rows = Array.from(document.querySelectorAll("[data-row]"));
  const status = document.getElementById("shown");
  function apply() {
    const text = form.elements.text.value.trim().toLowerCase();
    const wanted = { verdict: form.elements.verdict.value, rule: form.elements.rule.value, owner: form.elements.owner.value, namespace: form.elements.namespace.value };
    let shown = 0;
    for (const row of rows) {
      const fits = (!text || row.dataset.text.includes(text)) && (!wanted.verdict || row.dataset.verdict === wanted.verdict) &&
        (!wanted.namespace || row.dataset.namespace === wanted.namespace) &&
        (!wanted.rule || row.dataset.rules.split(" ").includes(wanted.rule)) && (!wanted.owner || row.dataset.owners.split("\n").includes(wanted.owner));
      row.classList.toggle("hidden", !fits);
      shown += fits ? 1 : 0;
    }
    status.textContent = shown + " of " + rows.length + " subjects shown";
  }
  form.addEventListener("input", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () { setTimeout(apply, 0); });
  function open() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") { target.classList.remove("hidden"); target.open = true; target.querySelector("summary").focus(); }
  }
  window.addEventListener("hashchange", open);
  apply();
  open();
})();
