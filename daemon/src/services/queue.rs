//! The outbox as people see it: by cause, by order; pause, resume, replay, cancel, reconcile, drain.

use paillasse_shared::domain::order::{OrderState, Reason, Service};
use paillasse_shared::domain::rights::Right;
use paillasse_shared::messages::fr;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::queue::{
    Acted, CancelParams, CauseLine, DrainParams, GateView, ListParams, OrderDetail, OrderRef, OrderView,
    Orders, RetryParams, ServiceParams, Summary,
};
use serde_json::json;

use super::{App, Caller};
use crate::store::outbox::CauseGroup;

/// Key of the group of scheduled orders that wait for nothing but their turn.
const TURN: &str = "turn";

/// Why a scheduled order waits: the service first, then what the last attempt left, then its time.
fn waiting_reason(app: &App, group: &CauseGroup) -> Reason {
    app.board
        .reason(group.service)
        .or_else(|| group.reason.clone().filter(|r| !matches!(r, Reason::ServiceSuspended { .. })))
        .unwrap_or(Reason::NotYet { at: group.due })
}

fn key_of(app: &App, g: &CauseGroup) -> String {
    match g.state {
        OrderState::Scheduled | OrderState::Leased => {
            let reason = waiting_reason(app, g);
            let cause = if matches!(reason, Reason::NotYet { .. }) { TURN } else { reason.code() };
            format!("{}/{}/{cause}", OrderState::Scheduled.code(), g.service.code())
        }
        state => format!("{}/{}", state.code(), g.key.clone().unwrap_or_default()),
    }
}

/// Orders that have not left, grouped by cause.
pub async fn summary(app: &App) -> Result<Summary, WireError> {
    let midnight =
        app.env.today().to_zoned(app.env.zone().clone()).map_or_else(|_| app.env.now(), |z| z.timestamp());
    let (groups, delivered_today) = app.store.order_groups(midnight).await?;
    let mut lines: Vec<CauseLine> = Vec::new();
    let (mut waiting, mut parked, mut held) = (0u64, 0u64, 0u64);
    let mut per_service = [0u64; 3];
    for g in &groups {
        let slot = match g.service {
            Service::Insi | Service::Verify => 0,
            Service::Dmp => 1,
            Service::Mss => 2,
        };
        match g.state {
            OrderState::Parked => parked += g.count,
            OrderState::Held => held += g.count,
            _ => {
                waiting += g.count;
                if let Some(n) = per_service.get_mut(slot) {
                    *n += g.count;
                }
            }
        }
        let key = key_of(app, g);
        if let Some(line) = lines.iter_mut().find(|l| l.key == key) {
            line.count += g.count;
            line.since = line.since.min(g.since);
            if line.service != Some(g.service) {
                line.service = None;
            }
            continue;
        }
        let waits = matches!(g.state, OrderState::Scheduled | OrderState::Leased);
        let reason = if waits {
            waiting_reason(app, g)
        } else {
            g.reason.clone().unwrap_or(Reason::NotYet { at: g.due })
        };
        let label = match (&reason, waits) {
            (Reason::NotYet { .. }, true) => format!("En route vers {}", g.service.label()),
            _ => fr::cause(&reason),
        };
        lines.push(CauseLine {
            key,
            state: if g.state == OrderState::Leased { OrderState::Scheduled } else { g.state },
            service: Some(g.service),
            label,
            cure: fr::cure(&reason),
            count: g.count,
            since: g.since,
            next_try: waits.then(|| app.board.next_probe(g.service).unwrap_or(g.due)),
            reason,
        });
    }
    let order = |s: OrderState| match s {
        OrderState::Parked => 0,
        OrderState::Unknown => 1,
        OrderState::Held => 2,
        _ => 3,
    };
    lines.sort_by_key(|l| (order(l.state), std::cmp::Reverse(l.count)));
    let [insi, dmp, mss] = per_service;
    let services = vec![
        app.board.status(Service::Insi, insi),
        app.board.status(Service::Dmp, dmp),
        app.board.status(Service::Mss, mss),
    ];
    Ok(Summary { services, causes: lines, waiting, parked, held, delivered_today })
}

/// State, service and stored keys that a shown key stands for.
type Group = (OrderState, Option<Service>, Option<Vec<String>>);

fn stored_keys(key: &str) -> Result<Group, WireError> {
    let unknown = || {
        WireError::invalid("cause", "cette cause n'est pas de la liste").hint("relire la liste des causes")
    };
    let (state, rest) = key.split_once('/').ok_or_else(unknown)?;
    let state = OrderState::parse(state).ok_or_else(unknown)?;
    if state == OrderState::Scheduled {
        let service = rest.split('/').next().and_then(Service::parse).ok_or_else(unknown)?;
        return Ok((state, Some(service), None));
    }
    Ok((state, None, Some(vec![rest.to_owned()])))
}

/// Fills in why an order that is due has not left yet.
fn explain(app: &App, mut o: OrderView) -> OrderView {
    if o.state == OrderState::Scheduled {
        let reason = app
            .board
            .reason(o.service)
            .or_else(|| o.reason.clone().filter(|r| !matches!(r, Reason::ServiceSuspended { .. })))
            .or_else(|| o.due_at.filter(|d| *d > app.env.now()).map(|at| Reason::NotYet { at }));
        o.why = reason.as_ref().map(fr::reason);
        o.cure = reason.as_ref().and_then(fr::cure);
        o.reason = reason;
    }
    o
}

/// Lists orders.
pub async fn list(app: &App, mut p: ListParams) -> Result<Orders, WireError> {
    let mut keys = None;
    if let Some(cause) = p.cause.take() {
        let (state, service, stored) = stored_keys(&cause)?;
        p.state = Some(state);
        p.service = service.or(p.service);
        keys = stored;
    }
    let orders = app.store.orders(p, keys).await?;
    Ok(Orders { orders: orders.into_iter().map(|o| explain(app, o)).collect() })
}

/// One order with its whole story: « pourquoi pas parti ? ».
pub async fn detail(app: &App, p: OrderRef) -> Result<OrderDetail, WireError> {
    let (order, verdicts, attempts) = app
        .store
        .order_detail(p.id, app.gates())
        .await?
        .ok_or_else(|| WireError::not_found(format!("l'ordre n° {} n'existe pas", p.id)))?;
    let service = order.service;
    let mut gates: Vec<GateView> = verdicts
        .into_iter()
        .map(|(code, reason)| GateView {
            name: fr::gate(code, service),
            why: reason.as_ref().map(fr::reason),
            reason,
        })
        .collect();
    if let (Some(last), Some(reason)) = (gates.last_mut(), app.board.reason(service)) {
        last.why = Some(fr::reason(&reason));
        last.reason = Some(reason);
    }
    Ok(OrderDetail { order: explain(app, order), gates, attempts })
}

/// Pauses a service.
pub async fn pause(app: &App, caller: &Caller, p: ServiceParams) -> Result<Summary, WireError> {
    caller.require(Right::ManageQueue)?;
    let act = caller.act(app.env.now(), "service-pause", format!("service:{}", p.service.code()), json!({}));
    let at = act.at;
    app.store.set_service(p.service, true, act).await?;
    app.board.pause(p.service, &caller.user.name, at);
    app.tell_service(p.service);
    summary(app).await
}

/// Resumes a service that was paused or suspended; what waited is due at once, in order.
pub async fn resume(app: &App, caller: &Caller, p: ServiceParams) -> Result<Summary, WireError> {
    caller.require(Right::ManageQueue)?;
    let now = app.env.now();
    let act = caller.act(now, "service-resume", format!("service:{}", p.service.code()), json!({}));
    app.store.set_service(p.service, false, act).await?;
    app.store.wake_service(p.service, now).await?;
    app.board.resume(p.service);
    app.tell_service(p.service);
    app.wake.notify_one();
    summary(app).await
}

/// Sends now what waits: one order, or all of a cause.
pub async fn retry(app: &App, caller: &Caller, p: RetryParams) -> Result<Acted, WireError> {
    caller.require(Right::ManageQueue)?;
    let now = app.env.now();
    let act = caller.act(now, "order-retry", "", json!({ "cause": p.cause }));
    // One trial of each service that is down: « maintenant » does not wait for its next probe.
    for service in Service::QUEUES {
        app.board.probe_now(service, now);
    }
    let (id, keys) = match (p.id, p.cause.as_deref()) {
        (Some(id), None) => (Some(id), None),
        (None, Some(cause)) => match stored_keys(cause)? {
            (OrderState::Scheduled, Some(service), _) => {
                let orders = app.store.wake_service(service, now).await?;
                app.wake.notify_one();
                return Ok(Acted { orders });
            }
            (_, _, keys) => (None, keys),
        },
        _ => return Err(WireError::invalid("id", "nommer un ordre ou une cause")),
    };
    let changed = app.store.retry_orders(id, keys, act, app.gates()).await?;
    app.tell_orders(&changed);
    let mut touched: Vec<_> = changed.orders.iter().map(|o| o.0).collect();
    touched.sort_unstable();
    touched.dedup();
    Ok(Acted { orders: u64::try_from(touched.len()).unwrap_or(0) })
}

/// Withdraws an order that has not left.
pub async fn cancel(app: &App, caller: &Caller, p: CancelParams) -> Result<Acted, WireError> {
    caller.require(Right::DecideDocuments)?;
    if p.motive.trim().is_empty() {
        return Err(WireError::invalid("motive", "dire pourquoi cet envoi est annulé"));
    }
    let act =
        caller.act(app.env.now(), "order-cancel", format!("order:{}", p.id), json!({ "motive": p.motive }));
    let changed = app.store.cancel_order(p.id, p.motive, act).await?;
    app.tell_orders(&changed);
    Ok(Acted { orders: 1 })
}

/// Asks receivers now about orders whose outcome is unknown.
pub async fn reconcile(app: &App, caller: &Caller) -> Result<Acted, WireError> {
    caller.require(Right::ManageQueue)?;
    let orders = app.store.reconcile_now(app.env.now()).await?;
    app.wake.notify_one();
    Ok(Acted { orders })
}

/// Waits until nothing is on its way any more (the deadline of the request bounds the wait).
pub async fn drain(app: &App, p: DrainParams) -> Result<Acted, WireError> {
    let mut events = app.events.subscribe();
    loop {
        let now = app.env.now();
        let (groups, _) = app.store.order_groups(now).await?;
        let open: u64 = groups
            .iter()
            .filter(|g| p.service.is_none_or(|s| s == g.service))
            .filter(|g| matches!(g.state, OrderState::Scheduled | OrderState::Leased))
            .filter(|g| app.board.reason(g.service).is_none())
            .map(|g| g.count)
            .sum();
        if open == 0 {
            return Ok(Acted { orders: 0 });
        }
        loop {
            match events.recv().await {
                Ok(Event::OrderChanged { .. } | Event::ServiceChanged { .. } | Event::InsiChanged { .. })
                | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => break,
                Ok(Event::Stopping) | Err(tokio::sync::broadcast::error::RecvError::Closed) => {
                    return Ok(Acted { orders: open });
                }
                Ok(_) => {}
            }
        }
    }
}
