//! `GET /dev`: the outbox as a page, and what to start with.
//!
//! The page needs nothing but itself and runs no script. What it shows was written by strangers, so
//! everything is escaped, and a policy forbids whatever could slip through.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, HeaderValue, Method, header};
use keystead_store::gateway::Process;
use keystead_store::jobs::OutboxMessage;

use super::escape::escape;
use super::outbox::MOST;
use crate::app::App;
use crate::error::ApiResult;
use crate::http::{Access, Route, Shape};

const REFRESH_SECONDS: u32 = 3;

pub(super) fn route() -> Route {
    Route::new(Method::GET, "/dev", "The outbox of the development mode as a page", get(handler))
        .access(Access::Public)
        .gives(Shape::Text)
}

async fn handler(State(app): State<Arc<App>>, headers: HeaderMap) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let messages = tx.outbox(None, MOST).await?;
    let processes = tx.processes().await?;
    drop(tx);

    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let listen = app.config.server.listen.to_string();
    let base = format!("http://{}", host.unwrap_or(&listen));
    let data = app.config.server.data.display().to_string();
    let nonce = hex::encode(app.rng.bytes::<16>());
    let page = render(&nonce, &base, &data, &processes, &messages, app.now());

    let mut response = Response::new(page.into());
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

fn render(nonce: &str, base: &str, data: &str, processes: &[Process], messages: &[OutboxMessage], now: i64) -> String {
    let (base, data) = (escape(base), escape(data));
    let mut specs: Vec<&str> = processes.iter().map(|process| process.spec.as_str()).collect();
    specs.dedup();
    let specs: Vec<String> = specs.into_iter().map(|spec| format!("<code>{}</code>", escape(spec))).collect();
    let ids: Vec<String> = processes.iter().map(|process| format!("<code>{}</code>", escape(&process.id))).collect();
    let mut list = String::new();
    for message in messages {
        list.push_str(&article(message, now));
    }
    if messages.is_empty() {
        list.push_str("<p class=\"none\">Nothing was sent yet. Start a registration: its code shows up here.</p>");
    }
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta http-equiv=\"refresh\" content=\"{REFRESH_SECONDS}\">
<title>Keystead outbox</title>
<style nonce=\"{nonce}\">{STYLE}</style>
</head>
<body>
<main>
<header>
<h1>Keystead</h1>
<p>Development mode. Messages land here instead of being sent, codes included, for everybody who can open this page.</p>
</header>
<section class=\"start\">
<h2>To start with</h2>
<dl>
<dt>Base URL</dt><dd><code>{base}</code></dd>
<dt>Gateway URL</dt><dd><code>{base}/gw</code></dd>
<dt>Spec</dt><dd>{specs}</dd>
<dt>Processes</dt><dd>{ids}</dd>
<dt>Outbox as JSON</dt><dd><code>{base}/dev/outbox?to=ADDRESS</code></dd>
</dl>
<p>Patients register with a responsible healthcare party. Make one first:</p>
<pre>keystead admin hcp create --data {data} --login jorah --password secret --first-name Jorah --last-name Mormont --responsible</pre>
</section>
<section>
<h2>Outbox</h2>
{list}
</section>
</main>
</body>
</html>
",
        specs = specs.join(" "),
        ids = ids.join(" "),
    )
}

fn article(message: &OutboxMessage, now: i64) -> String {
    let mut out = String::from("<article>");
    let (channel, to, age) = (escape(&message.channel), escape(&message.to), age(message.at, now));
    let _ = write!(out, "<p class=\"head\"><span class=\"tag\">{channel}</span> <b>{to}</b> <time>{age}</time></p>");
    if let Some(code) = &message.code {
        let _ = write!(out, "<p class=\"code\">{}</p>", escape(code));
    }
    if !message.subject.is_empty() {
        let _ = write!(out, "<h3>{}</h3>", escape(&message.subject));
    }
    let _ = write!(out, "<pre>{}</pre></article>", escape(message.body.trim_end()));
    out
}

fn age(at: i64, now: i64) -> String {
    match now.saturating_sub(at).max(0) / 1000 {
        seconds @ 0..60 => format!("{seconds} s ago"),
        seconds @ 60..3_600 => format!("{} min ago", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} d ago", seconds / 86_400),
    }
}

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2f6f5e; }
@media (prefers-color-scheme: dark) { :root { --accent: #7fd1b9; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { margin: 0; font-size: 1.6rem; color: var(--accent); }
h2 { margin: 2rem 0 .75rem; font-size: 1rem; text-transform: uppercase; letter-spacing: .08em; opacity: .7; }
h3 { margin: .5rem 0 0; font-size: 1rem; }
header p { margin: .25rem 0 0; opacity: .8; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
dt { opacity: .7; }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: .9em/1.5 ui-monospace, monospace; }
dd code { padding: .1rem .3rem; border-radius: .25rem; background: var(--soft); }
pre { margin: .5rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.start { padding: 0 1.25rem 1.25rem; border: 1px solid var(--line); border-radius: .5rem; margin-top: 1.5rem; }
.start pre { padding: .75rem; border-radius: .25rem; background: var(--soft); }
article { padding: .9rem 1.25rem 1rem; margin-bottom: .75rem; border: 1px solid var(--line); border-radius: .5rem; }
.head { display: flex; gap: .6rem; align-items: baseline; margin: 0; }
.head b { overflow-wrap: anywhere; }
.head time { margin-left: auto; opacity: .6; white-space: nowrap; }
.tag { padding: 0 .5rem; border-radius: 1rem; font-size: .8rem; color: Canvas; background: var(--accent); }
.code { margin: .4rem 0 0; font: 600 1.7rem/1.2 ui-monospace, monospace; letter-spacing: .15em; }
.none { opacity: .7; }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_wrote_is_only_text() {
        let evil = "<script>alert(1)</script>\"'";
        let message = OutboxMessage {
            to: evil.into(),
            channel: evil.into(),
            subject: evil.into(),
            body: evil.into(),
            code: Some(evil.into()),
            at: 0,
        };
        let process = Process { spec: evil.into(), id: evil.into(), settings: String::new() };
        let page = render("abc", evil, evil, &[process], &[message], 5_000);
        assert!(!page.contains("<script") && !page.contains("alert(1)</script>"));
        assert!(page.contains("5 s ago"));
        assert!(!page.contains("src=") && !page.contains("href="), "the page needs nothing but itself");
    }
}
