import { testInChromium } from "../support/chromium.ts";

testInChromium(
  "in Chromium, the page of a comparison shows its numbers and loads nothing else",
  new URL("compare_in_browser.ts", import.meta.url),
);
