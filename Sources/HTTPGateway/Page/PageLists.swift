import PaymentEngine
import PaymentModel
import ProviderKit

/// The shorter lists of the page.
extension PageView {
    func routeList(_ html: inout HTML) {
        let all = overview.routes.reduce(0) { $0 + $1.payments }
        html.element("ul", ["class": "routes"]) { html in
            for route in overview.routes {
                html.element("li", ["data-key": route.name]) { html in
                    html.element("div", ["class": "head"]) { html in
                        html.element("h3", route.name)
                        html.element("p") { html in
                            html.element("b", Words.percent(route.payments, of: all))
                            html.element("span", ["class": "faint"], " \(Words.count(route.payments, "payment"))")
                        }
                    }
                    shareBar(route, of: all, &html)
                    html.element("p", ["class": "faint"], "\(Words.slug(route.strategy)): \(members(of: route))")
                }
            }
        }
    }

    /// `payalo-ke 90 (9), payalo-backup 10 (1)`.
    private func members(of route: EngineOverview.RouteReport) -> String {
        var parts = route.members.map { member in
            let count = route.taken.first { $0.provider == member.provider }?.payments ?? 0
            return member.provider + (member.weight.map { " (weight \($0))" } ?? "")
                + (count > 0 ? " \(Words.percent(count, of: route.payments))" : "")
        }
        if route.refused > 0 { parts.append("nobody \(Words.percent(route.refused, of: route.payments))") }
        return parts.joined(separator: ", ")
    }

    /// As long as the route's share of all payments, cut by who took them.
    private func shareBar(_ route: EngineOverview.RouteReport, of all: Int, _ html: inout HTML) {
        html.element(
            "svg", ["class": "share", "viewBox": "0 0 1000 8", "preserveAspectRatio": "none", "aria-hidden": "true"]
        ) { html in
            html.element("rect", ["class": "base", "width": "1000", "height": "8"]) { _ in }
            guard all > 0 else { return }
            var start = 0
            for (index, part) in (route.taken.map(\.payments) + [route.refused]).enumerated() where part > 0 {
                let width = max(4, part * 1000 / all)
                let name = index == route.taken.count ? "fault" : "part\(min(index, 3))"
                html.element(
                    "rect", ["class": name, "x": "\(start)", "width": "\(max(2, width - 2))", "height": "8"]
                ) { _ in }
                start += width
            }
        }
    }

    func eventList(_ html: inout HTML) {
        guard !overview.store.failedEvents.isEmpty else {
            return html.element("p", ["class": "faint empty"], "None.")
        }
        html.element("ul", ["class": "rows"]) { html in
            for event in overview.store.failedEvents {
                html.element("li", ["data-key": event.id]) { html in
                    html.element("div") { html in
                        html.element("p") { html in
                            html.element("b", event.kind.name)
                            html.write(" to \(event.payment.app)")
                        }
                        html.element("p", ["class": "faint"]) { html in
                            html.write(
                                "\(Words.slug(event.delivery.lastError ?? "not sent")), \(Words.count(event.delivery.attempts, "attempt")), \(Words.short(event.payment.id)), "
                            )
                            html.ago(event.createdAt, now: overview.at)
                        }
                    }
                    html.button(
                        "Send again", of: "\(event.kind.name) of \(event.payment.id)", key: "send-\(event.id)",
                        path: "/admin/events/\(pathSegment(event.id))/redeliver", done: "The event is sent again.")
                }
            }
        }
        more(overview.store.failedEventCount - overview.store.failedEvents.count, "/admin/events", &html)
    }

    func orphanList(_ html: inout HTML) {
        guard !overview.store.orphans.isEmpty else { return html.element("p", ["class": "faint empty"], "None.") }
        let shown = overview.store.orphans.prefix(10)
        html.element("ul", ["class": "rows"]) { html in
            for orphan in shown {
                html.element("li", ["data-key": orphan.id]) { html in
                    html.element("div") { html in
                        html.element("p") { html in
                            html.element("b", orphan.provider)
                            html.write(" says \(Words.slug(orphan.notice.report.state.name))")
                            if let money = orphan.notice.report.money { html.write(" \(money)") }
                        }
                        html.element("p", ["class": "faint"]) { html in
                            let report = orphan.notice.report
                            let reference = report.ourReference ?? report.providerReference ?? report.checkoutReference
                            html.write((reference ?? "no reference") + ", ")
                            html.ago(orphan.receivedAt, now: overview.at)
                        }
                    }
                }
            }
        }
        more(overview.store.orphanCount - shown.count, "/admin/orphans", &html)
    }

    func reloadList(_ html: inout HTML) {
        guard !reloads.isEmpty else {
            return html.element("p", ["class": "faint empty"], "Not read again since the start.")
        }
        html.element("ul", ["class": "rows"]) { html in
            for report in reloads {
                // Two at the same moment have different versions or causes.
                let key = "\(report.at) \(report.trigger) \(report.version)"
                html.element("li", ["data-key": key]) { html in
                    html.element("div") { html in
                        html.element("p") { html in
                            html.badge(
                                report.isSuccessful ? .good : .bad, report.isSuccessful ? "in force" : "refused")
                            html.write(" \(Words.version(report.version)) by \(report.trigger), ")
                            html.ago(report.at, now: overview.at)
                        }
                        faults(report, &html)
                    }
                }
            }
        }
    }

    private func faults(_ report: ReloadReport, _ html: inout HTML) {
        guard !report.faults.isEmpty else { return }
        html.element("details", ["open": report.isSuccessful ? nil : ""]) { html in
            html.element(
                "summary",
                report.isSuccessful
                    ? Words.count(report.faults.count, "warning") : Words.count(report.faults.count, "line"))
            html.element("ul", ["class": "faults"]) { html in
                for fault in report.faults.prefix(20) {
                    html.element("li") { html in html.element("code", fault) }
                }
            }
        }
    }

    private func more(_ count: Int, _ path: String, _ html: inout HTML) {
        guard count > 0 else { return }
        html.element("p", ["class": "faint empty"]) { html in
            html.write("and \(count) more at ")
            html.element("code", path)
        }
    }
}
