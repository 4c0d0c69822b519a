import HTTPTypes
@testable import PaymentEngine
import PaymentModel
import ProviderKit
import StrictJSON

/// What providers with follow-ups share: one path for each, the key and the amount in its body.
protocol ScriptedFollowUps: ScriptedInquiring, CallbackReceiving, Capturing, Canceling, Refunding {
    var followUpSafety: SendSafety { get set }
}

extension ScriptedFollowUps {
    init(_ safety: SendSafety, followUps: SendSafety) {
        self.init(safety)
        followUpSafety = followUps
    }

    private func request(_ followUp: FollowUp) -> ProviderRequest {
        let amount = followUp.amount.map { " amount=\($0)" } ?? ""
        let text =
            "\(followUp.operation.rawValue) ref=\(followUp.key) id=\(followUp.payment.providerReference ?? "-")\(amount)"
        return ProviderRequest(.post, "/\(followUp.operation.rawValue)", body: Array(text.utf8))
    }

    private func outcome(_ reply: ProviderReply) -> FollowUpOutcome {
        if let refusal = refusal(reply) { return .refused(refusal) }
        let code = Wire.value("code", in: Wire.text(of: reply)).flatMap(Decline.Code.init(rawValue:)) ?? .generic
        switch Wire.word(of: reply) {
        case "done": return .done(providerReference: nil)
        case "pending": return .pending(providerReference: nil)
        case "declined": return .declined(Decline(code: code))
        case "rejected": return .rejected(detail: "the reason is wrong", providerCode: "E1")
        case "conflict": return .conflict(detail: "it was captured before")
        default: return .ambiguous(reason: reply.status >= 400 ? "http_\(reply.status)" : "unreadable_reply")
        }
    }

    func captureSafety(for followUp: FollowUp) -> SendSafety { followUpSafety }
    func captureRequest(for followUp: FollowUp) -> ProviderRequest { request(followUp) }
    func captureOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome { outcome(reply) }
    func cancelSafety(for followUp: FollowUp) -> SendSafety { followUpSafety }
    func cancelRequest(for followUp: FollowUp) -> ProviderRequest { request(followUp) }
    func cancelOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome { outcome(reply) }
    func refundSafety(for followUp: FollowUp) -> SendSafety { followUpSafety }
    func refundRequest(for followUp: FollowUp) -> ProviderRequest { request(followUp) }
    func refundOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome { outcome(reply) }

    var takesCallbackAddress: Bool { false }
    func verifyCallback(_ delivery: CallbackDelivery) -> CallbackVerdict { .authentic }
    func readCallback(_ delivery: CallbackDelivery) throws(CallbackFault) -> CallbackNotice {
        let text = String(decoding: delivery.body, as: UTF8.self)
        guard let event = Wire.value("event", in: text), let report = Wire.report(text) else {
            throw CallbackFault("no event")
        }
        return CallbackNotice(eventID: event, report: report)
    }
}

/// Has follow-ups; what became of one, only the payment's state tells.
struct FollowUpAdapter: ScriptedFollowUps {
    var safety: SendSafety = .once
    var followUpSafety: SendSafety = .once
    var obstacle: String?

    init() {}
    init(_ safety: SendSafety, obstacle: String) {
        self.init(safety)
        self.obstacle = obstacle
    }

    func followUpObstacle(for followUp: FollowUp) -> String? { obstacle }
}

/// Can be asked after refunds, by a list of so many pages.
struct AskableFollowUpAdapter: ScriptedFollowUps, FollowUpInquiring {
    var safety: SendSafety = .once
    var followUpSafety: SendSafety = .once

    /// The number of pages stands on each.
    func followUpInquiryRequest(for followUp: FollowUp, after replies: [ProviderReply]) -> ProviderRequest? {
        guard followUp.operation == .refund else { return nil }
        let pages = replies.last.flatMap { Wire.value("pages", in: Wire.text(of: $0)) }.flatMap(Int.init) ?? 1
        guard replies.count < pages else { return nil }
        return ProviderRequest(.get, "/finding?page=\(replies.count)&ref=\(followUp.key)")
    }

    func followUpFinding(in replies: [ProviderReply], for followUp: FollowUp) -> FollowUpFinding {
        guard let last = replies.last else { return .noAnswer(reason: "no_reply") }
        switch Wire.word(of: last) {
        case "done": return .done(providerReference: nil)
        case "not_done": return .notDone
        case "pending": return .pending
        case "declined": return .declined(Decline(code: .generic))
        default: return .noAnswer(reason: "http_\(last.status)")
        }
    }
}

extension Bench {
    /// Captures, cancels or refunds a payment, as the API would.
    func followUp(
        _ operation: Operation, _ id: String, amount: Int64? = nil, key: String, app: String = "shop",
        within timeout: Duration = .seconds(30)
    ) async throws -> Reading {
        let body = try JSONValue(parsing: Array("{\"amount\":\(amount ?? 0)}".utf8))
        return Reading(
            await engine.followUp(
                operation, payment: id, amount: amount, reason: nil, body: body, key: key,
                call: call(app: app, request: "req-\(key)", within: timeout)))
    }

    /// A payment of KES 100.00 at `a` in that state; captured by hand where it is `authorized`, unless said otherwise.
    func payment(_ state: String, capture: CaptureMode? = nil) async throws -> String {
        self["a"].script("create", .now(Wire.accepted(state, "id=T1 amount=10000")))
        return try await create(key: "create", capture: capture ?? (state == "authorized" ? .manual : .automatic)).id
    }
}
