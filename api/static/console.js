/* Additions for those who have JavaScript; every page is complete without. */
"use strict";

const list = () => [...document.querySelectorAll(".row-link")];
const typing = (element) => element.closest("input, textarea, select, [contenteditable]");
const shortcutsOn = () => document.body.dataset.keys === "on";

function move(by) {
  const links = list();
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by;
  links[Math.min(Math.max(next, 0), links.length - 1)].focus();
}

const keys = {
  "/": () => document.getElementById("q")?.focus() ?? location.assign("/#q"),
  j: () => move(1),
  k: () => move(-1),
  "?": () => document.getElementById("help")?.showModal(),
};

/* After g, a letter goes to the place that the help names for it. */
let goingUntil = 0;
const place = (key) => /^[a-z]$/.test(key) && document.querySelector(`[data-go="${key}"]`);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !shortcutsOn()) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const going = Date.now() < goingUntil;
  goingUntil = event.key === "g" && !going ? Date.now() + 1500 : 0;
  const there = going && place(event.key);
  const action = there ? () => location.assign(there.href) : keys[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

/* A file that is too large is refused before it is sent. */
document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.dataset?.limit) return;
  const large = [...input.files].some((file) => file.size > Number(input.dataset.limit));
  input.setCustomValidity(large ? input.dataset.tooLarge : "");
  input.reportValidity();
});

/* Photos are made smaller before they are sent, where the signal is weak; their place is dropped. */
const LONGEST = 1600;
async function smaller(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  if (scale === 1) return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  const name = file.name.replace(/\.[^.]*$/, "") + ".jpg";
  return made ? new File([made], name, { type: "image/jpeg" }) : file;
}
document.addEventListener("change", async (event) => {
  const input = event.target;
  if (!input.matches?.("input[data-photos]")) return;
  const chosen = [...input.files];
  const kept = await Promise.all(chosen.map((file) => smaller(file).catch(() => file)));
  if (chosen.some((file, at) => file !== input.files[at])) return;
  const files = new DataTransfer();
  kept.forEach((file) => files.items.add(file));
  input.files = files.files;
});

/* One click, one call: a second one while the first is under way does nothing. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => form.querySelectorAll("button").forEach((b) => (b.disabled = true)));
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

/* Another language for a form is a plain submit, so that the whole page follows. */
document.addEventListener(
  "submit",
  (event) => event.submitter?.name === "language" && event.stopPropagation(),
  true,
);

/* A page that no longer hears from the server says so, and offers nothing until it does. */
const cut = document.getElementById("cut");
let heard = new Date();
function hear(well) {
  if (well) heard = new Date();
  if (!cut || cut.hidden === well) return;
  const time = heard.toLocaleTimeString("en-GB");
  cut.hidden = well;
  cut.textContent = well ? "" : cut.dataset.text.replace("HH:MM:SS", time);
  document.body.classList.toggle("is-cut", !well);
  document.querySelectorAll("#living button").forEach((button) => (button.disabled = !well));
}
document.addEventListener("htmx:error", (event) => {
  if (event.target.id === "living" && !event.detail?.ctx?.response) hear(false);
});
document.addEventListener("htmx:after:request", (event) => {
  if (event.target.id !== "living") return;
  const well = event.detail.ctx.response.status < 400;
  hear(well);
  if (!well) event.preventDefault();
});
const ask = () => htmx.trigger(document.getElementById("living"), "refresh");
document.addEventListener("htmx:sse:error", ask);
document.addEventListener("htmx:sse:after:connection", () => cut?.hidden === false && ask());

/* The time that a run has taken goes on between two answers of the server. */
let told;
let since;
setInterval(() => {
  const clock = document.querySelector("[data-elapsed]");
  if (!clock || cut?.hidden === false) return;
  if (clock.dataset.elapsed !== told) {
    told = clock.dataset.elapsed;
    since = Date.now() - told * 1000;
  }
  const seconds = Math.floor((Date.now() - since) / 1000);
  clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}, 1000);

/* What went wrong is read first. */
const focusProblem = () => document.querySelector("[data-focus]")?.focus();
document.addEventListener("htmx:after:swap", (event) => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((button) => (button.disabled = false));
  });
  if (event.detail?.ctx?.sourceElement?.matches("form")) focusProblem();
});
/* Nobody's typing is overtaken by fresh content: it is fetched once the form is left. */
document.addEventListener("htmx:before:request", (event) => {
  const region = event.target;
  if (region.id !== "living") return;
  const active = document.activeElement;
  const busy = region.contains(active) && typing(active);
  const chosen = [...region.querySelectorAll("input[type=file]")].some((f) => f.files.length);
  const begun = [...region.querySelectorAll(".task input, .task textarea")].some(
    (f) => f.checked !== f.defaultChecked || (f.type !== "file" && f.value !== f.defaultValue),
  );
  if (busy || chosen || begun) event.preventDefault();
});

/* The log: columns at once, following until somebody scrolls up, and links to lines. */
const box = document.getElementById("log-scroll");
if (box) {
  const follow = document.getElementById("follow");
  const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  let following = false;
  const setFollowing = (yes) => {
    following = yes;
    follow?.setAttribute("aria-pressed", String(yes));
    if (yes) box.scrollTop = box.scrollHeight;
  };
  if (follow) {
    follow.hidden = false;
    setFollowing(!location.hash.startsWith("#l-"));
    follow.addEventListener("click", () => setFollowing(!following));
    box.addEventListener("scroll", () => following && !atEnd() && setFollowing(false));
    new MutationObserver(() => following && (box.scrollTop = box.scrollHeight)).observe(box, {
      childList: true,
      subtree: true,
    });
  }
  for (const shown of document.querySelectorAll("[id^='show-']")) {
    const name = shown.value;
    shown.addEventListener("change", () =>
      shown.name === "wrap"
        ? box.classList.toggle("no-wrap", !shown.checked)
        : box.classList.toggle(`without-${name}`, !shown.checked),
    );
  }
  box.addEventListener("click", async (event) => {
    const link = event.target.closest(".l-seq");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    history.replaceState(null, "", link.href);
    box.querySelector(".here")?.classList.remove("here");
    link.closest("li").classList.add("here");
    await navigator.clipboard?.writeText(link.href).catch(() => null);
    document.getElementById("log-said").textContent = box.dataset.copied;
  });
}

/* A map that is wider than the screen begins at its middle, where the router is. */
const map = document.querySelector(".map-scroll");
if (map) map.scrollLeft = (map.scrollWidth - map.clientWidth) / 2;

/* A poster is printed by its button. */
document.querySelector("[data-print]")?.addEventListener("click", () => print());

/* Menus close by Escape and by a click elsewhere. */
for (const menu of document.querySelectorAll(".menu")) {
  document.addEventListener("click", (event) => {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
focusProblem();
