import { testInChromium } from "../support/chromium.ts";

testInChromium(
  "in Chromium, the shared parts of pages work by mouse and keyboard and load nothing else",
  new URL("kit_in_browser.ts", import.meta.url),
);
