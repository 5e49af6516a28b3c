//! `$disconnect`: what happens when a socket has ended.

use std::sync::Arc;

use super::close::Goodbye;
use super::connection::Connection;
use super::event;
use super::integration::integrate;
use super::sockets::Sockets;
use crate::activity::Activity;

/// Tells `$disconnect` that a socket has ended. Its answer goes to nobody.
pub(super) async fn disconnect(sockets: &Sockets, connection: &Connection, goodbye: &Goodbye) {
    sockets.feeds.record(Activity::Disconnect {
        connection_id: Arc::clone(&connection.peer.connection_id),
        code: goodbye.code,
    });
    // It is best effort on AWS too: nobody is told of one that is throttled.
    if let Some(route) = sockets.config.routes.get("$disconnect")
        && sockets.accepts("$disconnect")
    {
        let event = event::disconnect(&sockets.config, &connection.peer, goodbye);
        let _ = integrate(sockets, "$disconnect", route, event).await;
    }
}
