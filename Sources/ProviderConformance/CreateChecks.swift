import Fuzzing
import HTTPTypes
import PaymentModel
import ProviderKit
import StrictJSON

extension Examiner {
    mutating func checkCreateRequest() {
        let request = adapter.createRequest(for: order)
        var reordered = order.request
        reordered.metadata = Dictionary(minimumCapacity: 4096)
        for (key, value) in order.request.metadata { reordered.metadata[key] = value }
        let again = adapter.createRequest(for: order.with(reordered))
        expect(
            request.path == again.path && request.headers == again.headers && request.body == again.body,
            "the same order makes the same request", "\(request) differs from itself")
        expect(isReadable(request), "a JSON body is strict JSON", "\(request)")
        if inputs.referencePattern != nil {
            expect(says(order.reference, request), "our reference is in the request", "\(request)")
        }
        if let adapter = adapter as? any CallbackReceiving, adapter.takesCallbackAddress {
            expect(
                order.callbackURL.map { says($0, request) } ?? false, "the callback address is in the request",
                "\(request)")
        }
        checkReferences()
        checkAmounts()
    }

    private mutating func checkReferences() {
        guard let text = inputs.referencePattern else { return }
        guard let pattern = try? Regex(text) else {
            return expect(false, "the pattern of references is a regular expression", text)
        }
        for _ in 0..<100 {
            var hash: [UInt8] = []
            for _ in 0..<32 { hash.append(UInt8.random(in: .min ... .max, using: &random)) }
            let reference = adapter.referenceFormat.reference(from: hash)
            let matches = (try? pattern.wholeMatch(in: reference)) != nil
            expect(matches, "references fit the provider's alphabet and length", reference)
            expect(
                says(reference, adapter.createRequest(for: order.with(order.request, reference: reference))),
                "a reference reaches the provider unchanged", reference)
        }
    }

    /// Currencies of 0, 2 and 3 decimals, and all that the plugin names.
    var currencies: [Currency] {
        let some = ["JPY", "XOF", "USD", "KES", "KWD", "TND"].compactMap(Currency.init(code:))
        return Adapter.declaration.currencies.map { $0.sorted { $0.code < $1.code } } ?? some
    }

    /// Amounts where a rounding, a lost zero or a `Double` would show.
    var amounts: [Int64] {
        [1, 5, 9, 10, 99, 100, 101, 1005, 1010, 123_456, 2_000_000, 4_503_599_627, 999_999_999_999]
    }

    private mutating func checkAmounts() {
        var compared = 0
        for currency in currencies {
            for amount in amounts {
                var changed = order.request
                changed.money = Money(minorUnits: amount, currency: currency)
                changed.items = []
                guard adapter.incapability(for: PaymentShape(app: "conformance", request: changed)) == nil else {
                    continue
                }
                let said = inputs.moneyInRequest(adapter.createRequest(for: order.with(changed)))
                expect(
                    said == changed.money, "amounts are exact",
                    "\(changed.money) became \(said.map { "\($0)" } ?? "nothing that can be read")")
                compared += 1
            }
        }
        expect(compared > 0, "amounts are exact", "the plugin can do none of the currencies tried")
    }

    mutating func checkCreateOutcome() {
        for fixture in fixtures(.create) {
            let outcome = adapter.createOutcome(of: fixture.reply, for: order)
            expectRead(outcome.kind, outcome.words, fixture)
            if case .accepted(let report) = outcome, let page = report.checkoutReference {
                expect(
                    report.providerReference != page, "a page's reference is not its transaction's", fixture.name)
            }
            if case .keyReused = outcome {
                for status in [200, 201, 400, 401, 404, 422, 429] where status != fixture.reply.status {
                    let reply = ProviderReply(status: status, body: fixture.reply.body)
                    let kind = adapter.createOutcome(of: reply, for: order).kind
                    expect(
                        kind != "key_reused" && kind != "accepted", "'key reused' is only the documented reply",
                        "\(fixture.name) as \(status): \(kind)")
                }
            }
            checkUnknownStatus(in: fixture, unless: ["accepted", "declined"]) { adapter, reply, inputs in
                let kind = adapter.createOutcome(of: reply, for: inputs.order).kind
                return kind == "ambiguous" ? nil : kind
            }
        }
        for (reply, name) in unexplainedReplies(.create) {
            let kind = adapter.createOutcome(of: reply, for: order).kind
            expect(kind == "ambiguous", "what the documents do not explain is ambiguous", "\(name): \(kind)")
        }
        for status in 400..<500 {
            for (name, body) in Mutations.garbage {
                let kind = adapter.createOutcome(of: ProviderReply(status: status, body: body), for: order).kind
                expect(
                    ["refused", "rejected", "ambiguous"].contains(kind),
                    "an empty refusal is no answer of the customer's bank",
                    "\(status) with \(name): \(kind)")
            }
        }
        for mutated in mutatedReplies(.create) {
            let outcome = adapter.createOutcome(of: mutated.reply, for: order)
            expectBearable(
                outcome.kind, of: mutated, unexplained: "ambiguous", "what the documents do not explain is ambiguous")
            switch outcome {
            case .accepted(let report): check(report, as: "accepted", of: mutated)
            case .declined(let decline, let reference): check(decline, reference, of: mutated)
            case .rejected(let detail, let code): checkShown(detail, code, of: mutated)
            default: break
            }
        }
    }

    // MARK: Replies

    /// Replies after which nobody knows: 5xx whatever their body, statuses of no meaning here, and 2xx with garbage.
    func unexplainedReplies(_ operation: ConformanceFixture.Operation) -> [(reply: ProviderReply, name: String)] {
        let documented = fixtures(operation).map { (name: $0.name, body: $0.reply.body) }
        var replies: [(ProviderReply, String)] = []
        func add(_ status: Int, _ bodies: [(name: String, body: [UInt8])]) {
            for (name, body) in bodies {
                replies.append((ProviderReply(status: status, body: body), "\(status) with \(name)"))
            }
        }
        for status in [500, 501, 502, 503, 504, 507, 520, 599] {
            add(status, Mutations.garbage + (inputs.documentedServerErrors.contains(status) ? [] : documented))
        }
        for status in [-1, 0, 100, 102, 301, 302, 303, 304, 307, 308, 408, 600, 999] {
            add(status, Mutations.garbage + documented)
        }
        for status in [200, 201, 202, 204, 206] { add(status, Mutations.garbage) }
        return replies
    }

    /// A documented reply has to be read as its file's name says.
    ///
    /// - Parameter words: The kind, with the reason where the adapter gave one.
    mutating func expectRead(_ kind: String, _ words: String, _ fixture: ConformanceFixture) {
        expect(
            kind == fixture.expectation, "documented replies are read",
            "\(fixture.name) (status \(fixture.reply.status)) is read as \(words)")
    }

    /// Notes a changed reply that was read as more than it says. A 5xx says nothing, whatever its body; but where one is
    /// documented to mean that nothing was done, the change may have left what says so. What is no JSON says nothing either:
    /// at most that a request was refused, by its status.
    mutating func expectBearable(_ kind: String, of mutated: MutatedReply, unexplained: String, _ rule: String) {
        let reply = mutated.reply
        let refusals: Set<String> =
            switch reply.status {
            case 500...: inputs.documentedServerErrors.contains(reply.status) ? ["refused"] : []
            case 400...: ["refused", "rejected"]
            default: []
            }
        let saysNothing = reply.status >= 500 || mutated.json == nil
        expect(!saysNothing || kind == unexplained || refusals.contains(kind), rule, of: mutated, "read as \(kind)")
    }

    /// Each documented reply, changed many times, under its own status and others.
    func mutatedReplies(_ operation: ConformanceFixture.Operation) -> AnySequence<MutatedReply> {
        let fixtures = fixtures(operation)
        guard !fixtures.isEmpty else { return AnySequence([]) }
        let rounds = Mutations.fuzz(
            "\(Adapter.declaration.id) \(operation.rawValue)", fixtures.map(\.reply.body),
            rounds: fixtures.count * inputs.mutations)
        return AnySequence(
            rounds.lazy.map { round in
                var random = round.random
                let fixture = fixtures[round.member]
                let status = random.one(of: [fixture.reply.status, fixture.reply.status, 200, 400, 404, 409, 422, 500])
                var headers: HTTPFields = [:]
                if Bool.random(using: &random) {
                    headers[.retryAfter] = random.one(of: ["-1", "1e9", "soon", "é"])
                }
                return MutatedReply(
                    ProviderReply(status: status, headers: headers, body: round.input), of: fixture, round)
            })
    }

    /// Puts statuses that no document has into a reply that says something, and expects that it then says nothing.
    ///
    /// - Parameter wrong: The kind of outcome where it is not the one for 'unexplained'.
    mutating func checkUnknownStatus(
        in fixture: ConformanceFixture, unless meaningful: Set<String>,
        wrong: (Adapter, ProviderReply, ConformanceInputs) -> String?
    ) {
        guard meaningful.contains(fixture.expectation), let json = fixture.reply.json else { return }
        for pointer in inputs.statusPointers {
            guard let status = json.value(at: pointer) else { continue }
            var unknown: [JSONValue] = [.null, .string("not_a_documented_status"), .array([]), .object(JSONObject())]
            if case .number = status {
                unknown.append(.number(JSONNumber(987_654)))
            } else {
                unknown.append(.string(""))
            }
            for value in unknown {
                let body = json.setting(pointer, to: value).serialized()
                let kind = wrong(adapter, ProviderReply(status: fixture.reply.status, body: body), inputs)
                expect(
                    kind == nil, "an unknown status is ambiguous",
                    "\(fixture.name) with \(String(decoding: value.serialized(), as: UTF8.self)) at \(pointer) is read as "
                        + (kind ?? ""))
            }
        }
    }

    // MARK: Requests

    func isReadable(_ request: ProviderRequest) -> Bool {
        guard request.headers[.contentType]?.hasPrefix("application/json") == true else { return true }
        return (try? JSONValue(parsing: request.body)) != nil
    }

    /// Whether a text reaches the provider: in the path, a header or a text of the body.
    func says(_ text: String, _ request: ProviderRequest) -> Bool {
        if request.path.contains(percentEncoded(text)) || request.headers.contains(where: { $0.value == text }) {
            return true
        }
        guard let json = try? JSONValue(parsing: request.body) else {
            let body = String(decoding: request.body, as: UTF8.self)
            return body.contains(text) || body.contains(percentEncoded(text))
        }
        return json.strings.contains { $0 == text }
    }
}

extension PaymentOrder {
    /// The same order of another request.
    func with(_ request: PaymentRequest, reference: String? = nil) -> PaymentOrder {
        PaymentOrder(
            id: id, reference: reference ?? self.reference, request: request, callbackURL: callbackURL,
            createdAt: createdAt)
    }
}
