/**
 * Origins: what a browser says of the page that opens a socket, in the header `Origin`. RFC 6454, 6.2: `scheme://host`
 * of any scheme, and `:port` unless it is the scheme's own. The functions compare them letter by letter, so a value that
 * no browser writes would let nobody in. crates/core checks the same at start, and both read
 * crates/core/tests/origins.json in their tests.
 */

/** What is wrong with a value as an origin, as the rest of a sentence, or nothing. */
export function originProblem(value: unknown): string | undefined {
  if (typeof value !== "string") return "must be text, like https://www.example.com";
  return RULES.find(([breaks]) => breaks(value))?.[1](value);
}

/** Scheme, host, and perhaps a port: everything that an origin consists of. */
const FORM = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<host>[a-z0-9._-]+|\[[0-9a-f:]+\])(:(?<port>[0-9]+))?$/;

interface Parts {
  readonly scheme: string;
  readonly host: string;
  readonly port?: string;
}

const parts = (text: string) => FORM.exec(text)!.groups as unknown as Parts;

/** Ports that a browser leaves out. Pages of no other scheme have one. */
const OWN_PORTS: Record<string, string> = { http: "80", https: "443", ftp: "21" };

const NOT_SENT = "is not what a browser sends";

/** Tests for what makes a text no origin, each with what to do. They apply in order, and later ones rely on earlier ones. */
const RULES: [(text: string) => boolean, (text: string) => string][] = [
  [
    (text) => text.includes("*"),
    () => `${NOT_SENT}: there are no patterns; list each origin, or leave allowedOrigins out to take all pages`,
  ],
  [(text) => text.includes(","), () => `${NOT_SENT}: each origin is an element of its own in the list`],
  [(text) => /\s/.test(text), () => `${NOT_SENT}: it holds a blank`],
  [
    (text) => text === "null",
    () => "is what a browser sends for any sandboxed frame or file, whoever made the page: it would let all of them in",
  ],
  // Invisible characters, which a copied text may hold, are among what is refused here.
  [
    (text) => !/^[\x21-\x7e]*$/.test(text),
    (text) => `${NOT_SENT}: it writes letters beyond ASCII in punycode${punycode(text)}`,
  ],
  [(text) => !text.includes("://"), () => `${NOT_SENT}: it begins with the page's scheme, like https://`],
  [(text) => /[A-Z]/.test(text), () => `${NOT_SENT}: it writes scheme and host in lower case`],
  [
    (text) => /^wss?:/.test(text),
    (text) => `${NOT_SENT}: it is the page's origin, not the socket's address: ${text.replace(/^ws/, "http")}`,
  ],
  [
    (text) => text.startsWith("file:"),
    () => `${NOT_SENT} for one site alone: pages from files have no host, and cannot be told apart`,
  ],
  [
    (text) => !FORM.test(text),
    () => `${NOT_SENT}: it is scheme://host or scheme://host:port, with nothing after host and port`,
  ],
  [
    (text) => hasOwnPort(parts(text)),
    (text) => `${NOT_SENT}: it leaves out the port ${parts(text).port}, which ${parts(text).scheme} has anyhow`,
  ],
  [
    (text) => !isPort(parts(text).port),
    () => `${NOT_SENT}: a port is a number from 1 to 65535, without a zero before it`,
  ],
  [
    (text) => !isHost(parts(text)),
    () => `${NOT_SENT}: its host is no name and no address in the form that browsers write`,
  ],
];

function hasOwnPort({ scheme, port }: Parts): boolean {
  return port !== undefined && OWN_PORTS[scheme] === port;
}

function isPort(port?: string): boolean {
  return port === undefined || (/^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65_535);
}

/**
 * Labels that are not empty, or an address; of http and https it must be what a browser makes of it, which writes a host
 * like 127.1 as the address that it stands for, and refuses invalid punycode.
 */
function isHost({ scheme, host }: Parts): boolean {
  if (host.startsWith("[") || Object.hasOwn(OWN_PORTS, scheme)) {
    if (!URL.canParse(`http://${host}`) || new URL(`http://${host}`).hostname !== host) return false;
  }
  return (
    host.startsWith("[") ||
    host
      .replace(/\.$/, "")
      .split(".")
      .every((label) => label !== "")
  );
}

/** The same with a host in punycode, where it can be written so. */
function punycode(text: string): string {
  const [, scheme, host, port = ""] = /^([a-z0-9+.-]+:\/\/)([^/:?#]+)(:[0-9]+)?/i.exec(text) ?? [];
  if (!host || !URL.canParse(`http://${host}`)) return "";
  return `: ${scheme}${new URL(`http://${host}`).hostname}${port}`;
}
