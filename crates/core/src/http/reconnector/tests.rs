use super::*;
use aws_smithy_runtime_api::client::connection::ConnectionMetadata;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::{sync::Semaphore, task::yield_now, time::advance};

/// Connections over which requests are answered when the test says so.
#[derive(Clone, Debug)]
struct Gate {
    begun: Arc<AtomicUsize>,
    /// How many of the requests have a connection before they are answered.
    connected: usize,
    answers: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Gate {
        Gate {
            begun: Arc::default(),
            connected: 0,
            answers: Arc::new(Semaphore::new(0)),
        }
    }

    fn pool(&self) -> Reconnector {
        let gate = self.clone();
        Reconnector::new(move || SharedHttpConnector::new(gate.clone()))
    }
}

impl HttpConnector for Gate {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let capture = request.extension::<CaptureSmithyConnection>();
        if self.begun.fetch_add(1, Relaxed) < self.connected
            && let Some(capture) = capture
        {
            let connection = ConnectionMetadata::builder().proxied(false).poison_fn(|| {}).build();
            capture.set_connection_retriever(move || Some(connection.clone()));
        }
        let answers = Arc::clone(&self.answers);
        HttpConnectorFuture::new(async move {
            answers.acquire().await.unwrap().forget();
            Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::empty()))
        })
    }
}

async fn send(pool: &Reconnector) -> Result<u16, ConnectorError> {
    pool.status(HttpRequest::new(SdkBody::empty()), Over::Kept).await
}

#[tokio::test(start_paused = true)]
async fn one_request_goes_first_unless_another_was_answered_less_than_a_second_ago() {
    for (pause_ms, at_once) in [
        (None, 1),
        (Some(0), 2),
        (Some(999), 2),
        (Some(1_000), 1),
        (Some(5_000), 1),
    ] {
        let gate = Gate::new();
        let pool = gate.pool();
        if let Some(pause) = pause_ms {
            gate.answers.add_permits(1);
            send(&pool).await.unwrap();
            advance(Duration::from_millis(pause)).await;
        }
        let before = gate.begun.load(Relaxed);
        let both = [(); 2].map(|()| {
            let pool = pool.clone();
            tokio::spawn(async move { send(&pool).await })
        });
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!(gate.begun.load(Relaxed) - before, at_once, "{pause_ms:?}");
        gate.answers.add_permits(2);
        for one in both {
            assert_eq!(one.await.unwrap().unwrap(), 200);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn all_go_at_once_when_the_first_has_a_connection_though_it_waits_for_its_answer() {
    let gate = Gate {
        connected: 1,
        ..Gate::new()
    };
    let pool = gate.pool();
    let all = [(); 3].map(|()| {
        let pool = pool.clone();
        tokio::spawn(async move { send(&pool).await })
    });
    for _ in 0..10 {
        yield_now().await;
    }
    assert_eq!(gate.begun.load(Relaxed), 3);
    gate.answers.add_permits(3);
    for one in all {
        assert_eq!(one.await.unwrap().unwrap(), 200);
    }
}
