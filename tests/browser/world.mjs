/** The system under a browser test: the real `chatter local`, and headless Chromium with tabs on its demo page. */

import assert from "node:assert/strict";
import { launch } from "../harness/chromium.mjs";
import { Link } from "../harness/link.mjs";
import { Local } from "../harness/local.mjs";

export { until } from "../harness/until.mjs";

const PATIENCE = 60_000;

export class World {
  /** @type {Local} */ local;
  /** Sessions of the tabs: `login`, `chatterId` and `url`. */
  sessions = [];

  /** Starts the server, with these additional flags, and the browser. */
  static async start(...flags) {
    const world = new World();
    // The level at which libraries print most, so that all of it is searched for chatter IDs.
    world.local = await Local.start(flags, { AWS_LAMBDA_LOG_LEVEL: "trace" });
    try {
      world.browser = await launch();
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** Every line the server's processes printed. */
  get printed() {
    return this.local.printed;
  }

  /** The demo page. */
  get url() {
    return this.local.page;
  }

  /** A tab in a browser context of its own, which is closed at the test's end. */
  async tab(t, { url = this.url, ...options } = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
    context.setDefaultTimeout(PATIENCE);
    t.after(() => context.close());
    const tab = new Tab(this, await context.newPage());
    await tab.page.goto(url);
    return tab;
  }

  /** Invokes notify, as the pipeline does. */
  async notify(login, message, topics = ["updates"]) {
    const { ok, answer } = await this.local.invoke({ login, topics, body: { message } });
    assert.ok(ok, JSON.stringify(answer));
  }

  /** A link to the server that can die silently, as that of a sleeping laptop does. */
  async link(t) {
    const link = new Link(new URL(this.url).port);
    t.after(() => link.stop());
    await link.start();
    return link;
  }

  /** Ends browser and server, asserts that no chatter ID was printed, and returns the server's exit code and signal. */
  async stop() {
    await this.browser?.close();
    const end = await this.local.stop();
    assert.deepEqual(this.local.leaked(this.sessions.map(({ chatterId }) => chatterId)), [], "chatter IDs were printed");
    return end;
  }
}

export class Tab {
  /** Errors in the page's console. */
  errors = [];
  /** Every WebSocket that the page has opened. */
  sockets = [];

  constructor(world, page) {
    this.world = world;
    this.page = page;
    page.on("console", (message) => message.type() === "error" && this.errors.push(message.text()));
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("websocket", (socket) => this.sockets.push(socket));
  }

  get openSockets() {
    return this.sockets.filter((socket) => !socket.isClosed()).length;
  }

  async logIn(login) {
    await this.page.getByLabel("Login name").fill(login);
    await this.page.getByRole("button", { name: "Log in" }).click();
    await this.connected();
  }

  /** Waits until the socket is open, and records the tab's session. */
  async connected() {
    await this.state("Connected");
    const session = await this.page.evaluate(() => sessionStorage.getItem("chatterbox-session"));
    this.world.sessions.push(JSON.parse(session));
  }

  async notify(message, topic = "updates") {
    await this.page.getByLabel("Topic").fill(topic);
    await this.page.getByLabel("Message").fill(message);
    await this.page.getByRole("button", { name: "Notify" }).click();
  }

  /** Another tab of the same session, opened by the page's link as a user would. */
  async duplicate() {
    const [page] = await Promise.all([
      this.page.context().waitForEvent("page"),
      this.page.getByRole("link", { name: "Another tab" }).click(),
    ]);
    const tab = new Tab(this.world, page);
    await tab.connected();
    return tab;
  }

  /** Waits until the page shows this state of the connection. */
  state(words) {
    return this.page.locator("#state", { hasText: words }).waitFor();
  }

  /** Waits until the page says that this tab holds the socket: "This tab" or "Another tab". */
  holds(which) {
    return this.page.locator("#socket", { hasText: which }).waitFor();
  }

  /** Waits until an update with this message is shown. */
  sees(message) {
    return this.page.locator("#updates li", { has: this.page.getByText(message, { exact: true }) }).waitFor();
  }

  /** The messages shown, newest first. */
  messages() {
    return this.page.locator("#updates .body").allTextContents();
  }

  /** Waits until the report of the last notify contains this text. */
  report(text) {
    return this.page.locator("#report", { hasText: text }).waitFor();
  }
}
