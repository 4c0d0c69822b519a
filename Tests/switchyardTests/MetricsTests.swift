import Foundation
import NIOHTTP1
import Testing

@testable import switchyard

extension EndToEnd {
    /// `GET /metrics`: what real payments leave there.
    @Suite struct MetricsTests {
        /// The program that knows Prometheus' rules; CI has it (`SWITCHYARD_REQUIRE_TOOLS`).
        private static let promtool = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .map { "\($0)/promtool" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        private static let isRequired = ProcessInfo.processInfo.environment["SWITCHYARD_REQUIRE_TOOLS"] != nil

        @Test("payments, requests, failovers, replays and callbacks are counted under the contract's names")
        func counts() async throws {
            // A machine that is busy is not to be counted as a provider that is slow.
            let yaml = Setup.yaml().replacing("timeout: 1s", with: "timeout: 30s")
            try await endToEnd(.file(yaml)) { router in
                let scraped = try await router.operate(.GET, "/metrics")
                #expect(scraped.status == 200)
                #expect(scraped.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
                // What an alarm looks at is there before anything has happened.
                let before = Scrape(scraped.text)
                #expect(before["switchyard_idempotency_replays_total"] == 0)
                #expect(before["switchyard_unknown_payments"] == 0)
                #expect(before["switchyard_payments_under_review"] == 0)
                #expect(before[#"switchyard_breaker_state{operation="create",provider="payalo-ke"}"#] == 0)
                #expect(before[#"switchyard_breaker_state{operation="token",provider="spayon-main"}"#] == 0)
                #expect(before[#"switchyard_token_refreshes_total{provider="spayon-main",result="issued"}"#] == 0)
                #expect(before["switchyard_config_last_reload_successful"] == 1)
                let reloadedAt = before["switchyard_config_last_reload_success_timestamp_seconds"] ?? 0
                #expect(abs(reloadedAt - Date().timeIntervalSince1970) < 300)

                let paid = try await router.pay("k-1")
                _ = try await router.pay("k-1")
                try await router.providers.settle("payalo", paid["provider_reference"], "success")
                try await router.payment(paid["id"], becomes: "captured")
                #expect(try await router.pay("k-2", .checkout).status == 201)
                #expect(try await router.send(.GET, "/v1/nothing/4242424242424242").status == 404)
                #expect(try await router.send(.PROPFIND, "/v1/payments").status == 405)

                let after = Scrape(try await router.operate(.GET, "/metrics").text)
                let created = #"switchyard_http_requests_total{method="POST",route="/v1/payments",status="201"}"#
                #expect(after[created] == 3)
                #expect(
                    (after[#"switchyard_http_requests_total{method="GET",route="/v1/payments/{id}",status="200"}"#] ?? 0)
                        > 0)
                #expect(after[#"switchyard_http_requests_total{method="GET",route="other",status="404"}"#] == 1)
                #expect(
                    after[#"switchyard_http_requests_total{method="other",route="/v1/payments",status="405"}"#] == 1)
                #expect(!after.text.contains("4242"))
                let total = after.values(of: "switchyard_http_requests_total").reduce(0, +)
                #expect(after["switchyard_http_request_duration_seconds_count"] == total)
                for status in ["pending", "captured"] {
                    let name =
                        "switchyard_payments_total{currency=\"KES\",method=\"mobile_money\",provider=\"payalo-ke\",status=\"\(status)\"}"
                    #expect(after[name] == 1)
                }
                let create = #"{operation="create",outcome="accepted",provider="payalo-ke"}"#
                #expect(after["switchyard_provider_requests_total" + create] == 1)
                let took =
                    #"switchyard_provider_request_duration_seconds_count{operation="create",provider="payalo-ke"}"#
                #expect(after[took] == 1)
                #expect(after["switchyard_idempotency_replays_total"] == 1)
                #expect(after["switchyard_idempotency_keys"] == 2)
                #expect(after["switchyard_idempotency_keys_limit"] == 1_000_000)
                #expect(after[#"switchyard_token_refreshes_total{provider="spayon-main",result="issued"}"#] == 1)
                #expect(after[#"switchyard_webhooks_received_total{provider="payalo-ke",result="applied"}"#] == 1)
                #expect(after["switchyard_payments_kept"] == 2)
                #expect((after["process_resident_memory_bytes"] ?? 0) > 1_000_000)
                #expect((after["process_cpu_seconds_total"] ?? 0) > 0)
                #expect((after["process_open_fds"] ?? 0) > 3)
                let began = after["process_start_time_seconds"] ?? 0
                let age = Date().timeIntervalSince1970 - began
                #expect(age >= -1 && age < 24 * 3600)
            }
        }

        @Test("a provider that fails is seen by its breaker and its failovers")
        func outage() async throws {
            let payalo = "breaker: { consecutive_failures: 1, open_for: 60s, max_open_for: 60s }"
            let yaml = Setup.yaml(payalo: payalo).replacing("\"${PAYALO_URL}\"", with: "http://127.0.0.1:1")
            try await endToEnd(.file(yaml)) { router in
                let answer = try await router.pay("k-1")
                #expect(answer["provider"] == "payalo-backup")
                let scrape = Scrape(try await router.operate(.GET, "/metrics").text)
                #expect(scrape[#"switchyard_breaker_state{operation="create",provider="payalo-ke"}"#] == 2)
                #expect(scrape[#"switchyard_breaker_state{operation="create",provider="payalo-backup"}"#] == 0)
                let failovers = scrape.series(of: "switchyard_failovers_total")
                #expect(failovers.count == 1)
                let only = failovers.first ?? ""
                #expect(only.contains(#"from="payalo-ke""#) && only.contains(#"to="payalo-backup""#))
                #expect(only.contains(#"route="kenya-mobile-money""#))
            }
        }

        @Test("what is removed from the configuration has no gauges any more")
        func removal() async throws {
            try await endToEnd { router in
                let yaml = Setup.yaml()
                let all = Scrape(try await router.operate(.GET, "/metrics").text)
                func gauges(_ scrape: Scrape) -> [String] {
                    ["switchyard_breaker_state", "switchyard_provider_enabled"].flatMap { scrape.series(of: $0) }
                        .filter { $0.contains("waypay-main") }
                }
                #expect(gauges(all).count == 3)
                let start = try #require(yaml.range(of: "  waypay-main:"))
                let end = try #require(yaml.range(of: "routes:"))
                var without = yaml
                without.removeSubrange(start.lowerBound..<end.lowerBound)
                let route = try #require(without.range(of: "  - name: pakistan"))
                let next = try #require(without.range(of: "  - name: checkout"))
                without.removeSubrange(route.lowerBound..<next.lowerBound)
                try Setup.write(without, into: router.folder)
                #expect(try await router.operate(.POST, "/admin/reload").status == 200)
                let left = Scrape(try await router.operate(.GET, "/metrics").text)
                #expect(gauges(left).isEmpty)
            }
        }

        @Test("promtool finds nothing wrong", .enabled(if: promtool != nil || isRequired))
        func promtoolAgrees() async throws {
            let tool = try #require(Self.promtool, "install promtool (Debian: prometheus)")
            try await endToEnd { router in
                _ = try await router.pay("k-1")
                _ = try await router.pay("k-2", .checkout)
                let text = try await router.operate(.GET, "/metrics").body
                let file = FileManager.default.temporaryDirectory.appending(
                    path: "switchyard-\(UUID().uuidString).prom")
                try Data(text).write(to: file)
                defer { try? FileManager.default.removeItem(at: file) }
                let check = Process()
                check.executableURL = URL(filePath: tool)
                check.arguments = ["check", "metrics"]
                check.standardInput = try FileHandle(forReadingFrom: file)
                let complaints = Pipe()
                check.standardError = complaints
                check.standardOutput = complaints
                try check.run()
                let said = String(decoding: try complaints.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
                check.waitUntilExit()
                #expect(check.terminationStatus == 0, "\(said)")
                #expect(said.isEmpty)
            }
        }
    }
}

/// A scraped text, by series.
struct Scrape {
    let text: String
    private let samples: [(series: String, value: Double)]

    init(_ text: String) {
        self.text = text
        samples = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
                return nil
            }
            return (String(line[..<space]), value)
        }
    }

    /// The value of a series, with its labels in the order of their names.
    subscript(series: String) -> Double? { samples.first { $0.series == series }?.value }

    /// All series of a metric.
    func series(of name: String) -> [String] {
        samples.map(\.series).filter { $0 == name || $0.hasPrefix(name + "{") }
    }

    func values(of name: String) -> [Double] { series(of: name).compactMap { self[$0] } }
}
