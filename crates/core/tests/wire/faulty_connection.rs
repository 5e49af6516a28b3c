//! One TCP connection to the endpoint, and how it breaks.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
    sync::watch,
};

/// What becomes of a connection that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: it works.
    None,
    /// The next byte is answered by RST, as by a router or a load balancer that has forgotten the connection.
    Reset,
    /// Nothing comes back any more, and nothing says so.
    Silence,
    /// The same, from the next byte on that the client sends.
    SilenceLate,
    /// The server ends it, in order: TLS's close_notify, then FIN.
    HangUp,
    /// The same, but the client learns of it only when it has sent its next request, which is not served: so it is for a
    /// process that was frozen meanwhile.
    HangUpLate,
    /// HTTP/2's GOAWAY: nothing new, but what was begun is still served.
    GoAway,
}

/// The end of a connection that the server's half of the test holds.
#[derive(Debug)]
pub(crate) struct FaultyConnection {
    fault: watch::Sender<Fault>,
    /// What the server itself has to do about it. The wire does the rest.
    order: watch::Sender<Fault>,
}

impl Default for FaultyConnection {
    fn default() -> FaultyConnection {
        FaultyConnection {
            fault: watch::Sender::new(Fault::None),
            order: watch::Sender::new(Fault::None),
        }
    }
}

impl FaultyConnection {
    /// From now on the connection has this fault.
    pub(crate) fn fail(&self, fault: Fault) {
        self.fault.send_replace(fault);
        if matches!(fault, Fault::HangUp | Fault::GoAway) {
            self.order.send_replace(fault);
        }
    }

    /// What the server has to do, when there is anything.
    pub(crate) async fn order(&self) -> Fault {
        let mut order = self.order.subscribe();
        let fault = order.wait_for(|fault| *fault != Fault::None).await;
        *fault.unwrap()
    }

    /// Carries bytes between the client and the server until one of them, or the fault, ends it.
    pub(crate) async fn carry(&self, mut client: TcpStream, mut server: DuplexStream) {
        let (mut up, mut down) = (vec![0; 16_384], vec![0; 16_384]);
        let mut has_server = true;
        loop {
            tokio::select! {
                count = client.read(&mut up) => {
                    let count = count.unwrap_or(0);
                    if count == 0 {
                        return;
                    }
                    let fault = *self.fault.borrow();
                    match fault {
                        Fault::Reset => {
                            client.set_zero_linger().unwrap();
                            return;
                        }
                        Fault::Silence => {}
                        Fault::SilenceLate => self.fail(Fault::Silence),
                        // The server ends the connection without having seen what was just sent.
                        Fault::HangUpLate => {
                            self.order.send_replace(fault);
                        }
                        Fault::None | Fault::HangUp | Fault::GoAway => {
                            if server.write_all(&up[..count]).await.is_err() {
                                return;
                            }
                        }
                    }
                }
                count = server.read(&mut down), if has_server => {
                    let count = count.unwrap_or(0);
                    if *self.fault.borrow() == Fault::Silence {
                        has_server = count > 0;
                        continue;
                    }
                    if count == 0 {
                        let _ = client.shutdown().await;
                        // Until the client ends it, too: closing with unread bytes would be an RST.
                        while client.read(&mut up).await.is_ok_and(|count| count > 0) {}
                        return;
                    }
                    if client.write_all(&down[..count]).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
