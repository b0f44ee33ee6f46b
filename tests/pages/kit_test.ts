import { testInChromium } from "../support/chromium.ts";

testInChromium(
  "what pages have in common works in Chromium by mouse and keyboard, and asks for nothing",
  new URL("kit_in_browser.ts", import.meta.url),
);
