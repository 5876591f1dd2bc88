//! Every endpoint of the server: the one table behind the router and the OpenAPI document.

use std::sync::Arc;

use crate::app::App;
use crate::http::{Endpoints, Route};
use crate::{
    auth, custody, dev, entities, events, exchange, gateway, groups, health, http, metrics, openapi, owners, portal,
    recovery, users, wallet,
};

/// The endpoints that are always there.
pub fn routes() -> Vec<Route> {
    let mut routes = health::routes();
    routes.extend(metrics::routes());
    routes.extend(openapi::routes());
    routes.extend(gateway::routes());
    routes.extend(auth::routes());
    routes.extend(users::routes());
    routes.extend(groups::routes());
    routes.extend(owners::routes());
    routes.extend(exchange::routes());
    routes.extend(recovery::routes());
    routes.extend(entities::routes());
    routes.extend(events::routes());
    routes.extend(wallet::routes());
    routes.extend(custody::routes());
    routes.extend(portal::routes());
    routes
}

/// The endpoints of `app`, with the outbox in development mode.
pub fn router(app: Arc<App>) -> Endpoints {
    let mut all = routes();
    if app.config.dev {
        all.extend(dev::routes());
    }
    http::router(app, all)
}
