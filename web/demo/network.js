/** The network of this page, which can be switched off: an experiment, since a page cannot pull its own plug. */

/** The newest socket that was opened. @type {WebSocket | null} */
let newest = null;
let isOff = false;
/** Whether the socket that ended last had been open. */
let wasOpen = false;

/** Whether the socket that ended last had been open: to a page, the end of a handshake has the same code as that of a connection. */
export function hadOpened() {
  return wasOpen;
}

/** The socket of this page, if it has an open one. Another tab may hold it. */
export function openSocket() {
  return newest?.readyState === WebSocket.OPEN ? newest : null;
}

/** @param {boolean} off */
export function switchOff(off) {
  isOff = off;
  if (off) Object.defineProperty(navigator, "onLine", { configurable: true, get: () => false });
  else Reflect.deleteProperty(navigator, "onLine");
  dispatchEvent(new Event(off ? "offline" : "online"));
}

/** A socket that cannot be opened, as a browser without a network has it. */
class DeadSocket extends EventTarget {
  readyState = WebSocket.CLOSED;

  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(new Event("error")));
  }

  close() {}
}

/** What the client opens: a WebSocket, as long as there is a network. */
export class Line {
  /**
   * @param {string} url
   * @param {string[]} protocols
   */
  constructor(url, protocols) {
    if (isOff) return /** @type {any} */ (new DeadSocket());
    const socket = (newest = new WebSocket(url, protocols));
    let isOpened = false;
    socket.addEventListener("open", () => (isOpened = true));
    // Before the client's own listener, which logs the end.
    socket.addEventListener("close", () => (wasOpen = isOpened));
    return /** @type {any} */ (socket);
  }
}
