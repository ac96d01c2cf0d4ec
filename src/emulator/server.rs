//! The listener, and its connections.

use std::convert::Infallible;
use std::future::{self, Future};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::World;
use super::respond::respond;

/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Answers connections until it is told to stop, or aborted; either ends the connections too.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    world: Arc<World>,
    stop: Arc<Notify>,
) {
    let tls = tls.map(TlsAcceptor::from);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.notified() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Answers are small; waiting to fill a packet would only delay them.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(greeted(stream, tls.clone(), Arc::clone(&world)));
                }
                // Out of descriptors, for example; others will be closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Agrees on TLS where that is spoken, and answers the connection.
async fn greeted(stream: TcpStream, tls: Option<TlsAcceptor>, world: Arc<World>) {
    let broken = Arc::new(AtomicBool::new(false));
    let stream = Breakable { stream, broken: Arc::clone(&broken) };
    let Some(tls) = tls else { return connection(stream, world, broken).await };
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        connection(stream, world, broken).await;
    }
}

/// Answers one connection, HTTP/1.1 or HTTP/2 by its first bytes, until a side ends it.
async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    world: Arc<World>,
    broken: Arc<AtomicBool>,
) {
    let ended = Arc::new(Notify::new());
    let service = service_fn(|request| {
        let (world, ended, broken) = (Arc::clone(&world), Arc::clone(&ended), Arc::clone(&broken));
        async move {
            if let Some(answer) = respond(&world, request).await {
                return Ok::<_, Infallible>(answer.into_response());
            }
            // The whole connection ends, not this request alone.
            broken.store(true, Ordering::Relaxed);
            ended.notify_one();
            future::pending().await
        }
    });
    let streams = Streams::default();
    let _end = End(streams.clone());
    let server = auto::Builder::new(streams);
    tokio::select! {
        // A connection that breaks is its client's matter.
        _ = server.serve_connection(TokioIo::new(stream), service) => {}
        () = ended.notified() => {}
    }
}

/// A connection that can be ended by a reset, instead of in order.
struct Breakable {
    stream: TcpStream,
    broken: Arc<AtomicBool>,
}

impl Drop for Breakable {
    fn drop(&mut self) {
        if self.broken.load(Ordering::Relaxed) {
            // Without it the connection ends in order, which its client sees as broken as well.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Breakable {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Breakable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The streams of an HTTP/2 connection, each a task.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<JoinSet<()>>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while streams.try_join_next().is_some() {}
        streams.spawn(stream);
    }
}

/// Ends the streams with their connection; a stream may hold on to the set that it is in.
struct End(Streams);

impl Drop for End {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}
