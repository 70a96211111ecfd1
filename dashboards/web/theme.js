// @ts-check
// Runs before the page is drawn, so that the chosen theme is there at once.
const kept = localStorage.getItem("theme");
if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
