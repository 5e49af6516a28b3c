/**
 * Mistakes that somebody could make in the client: for each rule of docs/protocol.md that a page keeps, the client without
 * it. `change` maps texts of the module to those that take their place.
 */

/** A cursor that is kept in one of the browser's stores, in place of the page's memory. */
const storedIn = (store) => ({
  "  cursor = null;\n": `  get cursor() {
    return JSON.parse(globalThis.${store}.getItem("cursor") ?? "null");
  }
  set cursor(cursor) {
    globalThis.${store}.setItem("cursor", JSON.stringify(cursor));
  }
`,
});

export const MISTAKES = [
  {
    rule: "R2",
    name: "a_page_that_does_not_sync_when_its_socket_opens",
    module: "chatter.js",
    change: { "      this.#socket = socket;\n      this.#sync();\n": "      this.#socket = socket;\n" },
  },
  {
    rule: "R4",
    name: "a_cursor_that_moves_over_a_gap",
    module: "replica.js",
    change: { "push.prev <= version": "true" },
  },
  {
    rule: "R4",
    name: "a_cursor_that_moves_over_a_push_which_was_not_shown",
    module: "replica.js",
    change: { "known && push.epoch === epoch": "push.epoch === epoch" },
  },
  {
    rule: "R4",
    name: "a_cursor_that_goes_back",
    module: "replica.js",
    change: { "Math.max(version, this.cursor?.version ?? 0)": "version" },
  },
  {
    rule: "R4",
    name: "a_page_that_waits_at_a_gap_for_ever",
    module: "chatter.js",
    change: { "if (known) setTimeout(fill, GAP_WAIT);": "if (known) return;" },
  },
  {
    rule: "R4",
    name: "a_page_that_shows_what_is_older_than_what_it_shows",
    module: "replica.js",
    change: { "version > (this.#shown.get(name) ?? 0)": "true" },
  },
  {
    rule: "R5",
    name: "a_page_that_takes_the_reply_to_an_older_sync",
    module: "chatter.js",
    change: { "this.#round && message.n === this.#n": "this.#round" },
  },
  {
    rule: "R5",
    name: "a_page_that_does_not_sync_again_when_no_reply_comes",
    module: "chatter.js",
    change: { 'this.#timers.start("sync", timeout, ': 'this.#timers.start("sync", 2 ** 31 - 1, ' },
  },
  {
    rule: "R5",
    name: "a_page_that_forgets_what_was_pushed_while_its_sync_was_under_way",
    module: "chatter.js",
    change: { "reply.more || this.#replica.hasGap": "reply.more" },
  },
  {
    rule: "R5",
    name: "a_page_that_asks_again_for_what_the_reply_has_brought",
    module: "replica.js",
    change: { "({ push }) => push.epoch !== epoch ||": "({ push, known }) => !known || push.epoch !== epoch ||" },
  },
  {
    rule: "R5",
    name: "a_page_that_does_not_ask_for_the_rest_of_a_reply",
    module: "chatter.js",
    change: { "reply.more || this.#replica.hasGap": "this.#replica.hasGap" },
  },
  {
    rule: "R6",
    name: "a_page_that_stays_on_a_socket_which_is_not_on_record",
    module: "socket-keeper.js",
    change: { 'message.code === "unknown-connection"': "false" },
  },
  {
    rule: "R7",
    name: "a_page_that_never_syncs_without_a_reason",
    module: "chatter.js",
    change: { 'this.#timers.start("sync", SYNC_EVERY, ': 'this.#timers.start("sync", 2 ** 31 - 1, ' },
  },
  {
    rule: "R8",
    name: "a_page_that_takes_a_push_of_another_log_for_one_of_its_own",
    module: "replica.js",
    change: { "  push(push) {\n": "  push(push) {\n    if (this.cursor) push.epoch = this.cursor.epoch;\n" },
  },
  {
    rule: "R8",
    name: "a_page_that_keeps_what_it_showed_of_another_log",
    module: "replica.js",
    change: { "      this.#shown.clear();\n": "" },
  },
  {
    rule: "R8",
    name: "a_page_that_keeps_the_version_of_another_log",
    module: "replica.js",
    change: { "      this.cursor = null;\n": "" },
  },
  {
    rule: "R9",
    name: "a_cursor_that_outlives_the_page",
    module: "replica.js",
    change: storedIn("sessionStorage"),
  },
  {
    rule: "R9",
    name: "a_cursor_that_does_not_outlive_the_socket",
    module: "replica.js",
    change: { "  syncStarts() {\n": "  syncStarts() {\n    this.cursor = null;\n" },
  },
  {
    rule: "R9",
    name: "a_cursor_that_tabs_share",
    module: "replica.js",
    change: {
      ...storedIn("localStorage"),
      // So that it does not outlive the page as well.
      "    this.#topics = topics;\n": '    this.#topics = topics;\n    globalThis.addEventListener("pagehide", () => (this.cursor = null));\n',
    },
  },
  {
    rule: "R9",
    name: "a_tab_that_uses_a_socket_without_its_topics",
    module: "tab-group.js",
    change: { "socket && !covers(topics, this.#options.topics)": "false" },
  },
  {
    rule: "R10",
    name: "a_page_that_compares_its_clock_with_the_servers",
    module: "chatter.js",
    change: { "reply.now ? Date.parse(reply.now) : Date.now()": "Date.now()" },
  },
  {
    rule: "R10",
    name: "a_page_that_compares_the_servers_clock_with_the_pipelines",
    module: "chatter.js",
    change: { "entry.recorded ?? entry.at": "entry.at" },
  },
  {
    rule: "M1",
    name: "a_page_that_shows_an_update_under_its_first_topic_only",
    module: "replica.js",
    change: { "update.topics ?? [topic]": "[topic]" },
  },
];
