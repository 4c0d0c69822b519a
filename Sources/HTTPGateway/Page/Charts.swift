import PaymentEngine

/// Small charts of a provider's last five minutes, in SVG: a bar or a point for each five seconds.
enum Charts {
    private static let width = 240
    private static let height = 44
    private static let step = 4

    /// Calls as bars, those that failed as their lower, hatched part.
    static func calls(_ history: [CallPoint], into html: inout HTML) {
        let most = max(1, history.map(\.calls).max() ?? 1)
        let calls = history.reduce(0) { $0 + $1.calls }
        let faults = history.reduce(0) { $0 + $1.faults }
        let words =
            calls == 0
            ? "No calls in the last 5 minutes"
            : "\(Words.count(calls, "call")) in 5 minutes, \(faults) failed, \(Words.percent(calls - faults, of: calls)) without fault"
        figure("Calls", words, calls == 0 ? "none" : "\(calls - faults) ok, \(faults) failed", into: &html) { html in
            for (index, point) in history.enumerated() where point.calls > 0 {
                let whole = max(2, point.calls * (height - 2) / most)
                let failed = point.faults == 0 ? 0 : max(2, point.faults * whole / point.calls)
                bar("ok", index, from: failed, to: whole, into: &html)
                bar("fault", index, from: 0, to: failed, into: &html)
            }
        }
    }

    /// How long calls took: the median as a line, 99 in a hundred as a dotted one.
    static func latency(_ history: [CallPoint], into html: inout HTML) {
        let most = max(1, history.compactMap(\.p99).max() ?? 1)
        let last = history.last { $0.p50 != nil }
        let words =
            last == nil
            ? "No latency: no calls"
            : "Latency up to \(Words.latency(most)); lately \(Words.latency(last?.p50 ?? 0)) for half of the calls"
        figure("Latency", words, last == nil ? "none" : "max \(Words.latency(most))", into: &html) { html in
            line("p99", history.map(\.p99), most, into: &html)
            line("p50", history.map(\.p50), most, into: &html)
        }
    }

    private static func figure(
        _ title: String, _ words: String, _ caption: String, into html: inout HTML, _ content: (inout HTML) -> Void
    ) {
        html.element("figure", ["class": "chart"]) { html in
            html.element("figcaption") { html in
                html.element("span", title)
                html.element("span", ["class": "faint"], caption)
            }
            html.element(
                "svg",
                [
                    "viewBox": "0 0 \(width) \(height)", "preserveAspectRatio": "none", "role": "img",
                    "aria-label": words,
                ]
            ) { html in
                html.element("rect", ["class": "base", "y": "\(height - 1)", "width": "\(width)", "height": "1"]) { _ in
                }
                content(&html)
            }
        }
    }

    private static func bar(_ name: String, _ index: Int, from bottom: Int, to top: Int, into html: inout HTML) {
        guard top > bottom else { return }
        html.element(
            "rect",
            [
                "class": name, "x": "\(index * step)", "y": "\(height - 1 - top)", "width": "\(step - 1)",
                "height": "\(top - bottom)",
            ]
        ) { _ in }
    }

    /// A line through the points that there are; a lone one is a short dash.
    private static func line(_ name: String, _ points: [Int?], _ most: Int, into html: inout HTML) {
        var path = ""
        var isDrawing = false
        for (index, point) in points.enumerated() {
            guard let point else {
                isDrawing = false
                continue
            }
            let y = height - 3 - point * (height - 6) / most
            path += isDrawing ? "L\(index * step + 2) \(y)" : "M\(index * step) \(y)H\(index * step + 2)"
            isDrawing = true
        }
        guard !path.isEmpty else { return }
        html.element("path", ["class": name, "d": path, "vector-effect": "non-scaling-stroke"]) { _ in }
    }
}
