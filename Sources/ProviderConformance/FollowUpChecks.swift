import PaymentModel
import ProviderKit

/// The three functions of one capability.
private struct FollowUpFunctions {
    let safety: (FollowUp) -> SendSafety
    let request: (FollowUp) -> ProviderRequest
    let outcome: (ProviderReply, FollowUp) -> FollowUpOutcome
}

extension Examiner {
    mutating func checkFollowUps() {
        if let adapter = adapter as? any Capturing {
            check(
                .capture, .capture,
                FollowUpFunctions(
                    safety: adapter.captureSafety, request: adapter.captureRequest, outcome: adapter.captureOutcome))
        }
        if let adapter = adapter as? any Canceling {
            check(
                .cancel, .cancel,
                FollowUpFunctions(
                    safety: adapter.cancelSafety, request: adapter.cancelRequest, outcome: adapter.cancelOutcome))
        }
        if let adapter = adapter as? any Refunding {
            check(
                .refund, .refund,
                FollowUpFunctions(
                    safety: adapter.refundSafety, request: adapter.refundRequest, outcome: adapter.refundOutcome))
        }
    }

    private mutating func check(
        _ operation: Operation, _ kind: ConformanceFixture.Operation, _ functions: FollowUpFunctions
    ) {
        let followUps = inputs.followUps.filter { $0.operation == operation }
        expect(
            !followUps.isEmpty || fixtures(kind).isEmpty, "every capability has its documented replies",
            "\(operation.rawValue): no follow-up in the inputs")
        for followUp in followUps {
            checkRequest(for: followUp, functions)
            checkDocumentedReplies(to: followUp, kind, functions)
            checkUnexplainedReplies(to: followUp, kind, functions)
        }
    }

    private mutating func checkRequest(for followUp: FollowUp, _ functions: FollowUpFunctions) {
        let obstacle = adapter.followUpObstacle(for: followUp)
        expect(obstacle == nil, "the plugin can do the follow-ups of the inputs", obstacle ?? "")
        let (first, second) = (functions.request(followUp), functions.request(followUp))
        expect(
            first.path == second.path && first.headers == second.headers && first.body == second.body,
            "the same order makes the same request", "\(first)")
        expect(isReadable(first), "a JSON body is strict JSON", "\(first)")
        if case .replayable = functions.safety(followUp) {
            expect(says(followUp.key, first), "a repeatable call carries its key", "\(first)")
        }
        let names = [followUp.reference, followUp.payment.providerReference, followUp.payment.checkoutReference]
        expect(
            names.compactMap(\.self).contains { says($0, first) }, "a follow-up names its payment", "\(first)")
        for shown in texts(showing: followUp, dumped: true) + texts(showing: first, dumped: false) {
            expect(!hasSecret(shown), "no secret is shown", followUp.operation.rawValue)
        }
        // Of a payment whose references the provider has not told, ours must do, or the plugin must say what is missing.
        if let unnamed = unnamed(followUp), adapter.followUpObstacle(for: unnamed) == nil {
            let request = functions.request(unnamed)
            expect(
                says(unnamed.reference, request), "a follow-up names its payment",
                "\(request), of a payment whose id is not known")
        }
    }

    /// The same follow-up of a payment in the same state, of which only our own reference is known.
    private func unnamed(_ followUp: FollowUp) -> FollowUp? {
        let state: ReportedState
        switch followUp.payment.status {
        case .authorized: state = .authorized
        case .captured, .partiallyRefunded: state = .captured
        default: state = .pending(nil)
        }
        guard order.request.method == followUp.payment.method else { return nil }
        var payment = Payment(
            id: followUp.payment.id, app: followUp.payment.app, request: order.request, route: nil, at: order.createdAt)
        _ = payment.observe(Observation(provider: "conformance", state: state), at: order.createdAt)
        return FollowUp(
            operation: followUp.operation, payment: payment, reference: followUp.reference, key: followUp.key,
            amount: followUp.amount, reason: followUp.reason, session: [:])
    }

    private mutating func checkDocumentedReplies(
        to followUp: FollowUp, _ kind: ConformanceFixture.Operation, _ functions: FollowUpFunctions
    ) {
        for fixture in fixtures(kind) {
            let outcome = functions.outcome(fixture.reply, followUp)
            expectRead(outcome.kind, outcome.words, fixture)
            checkUnknownStatus(in: fixture, unless: ["done", "pending", "declined"]) { _, reply, _ in
                let kind = functions.outcome(reply, followUp).kind
                return kind == "ambiguous" ? nil : kind
            }
            switch fixture.expectation {
            case "done", "pending":
                for status in [400, 401, 402, 404, 409, 410, 422, 429] {
                    let reply = ProviderReply(status: status, body: fixture.reply.body)
                    let kind = functions.outcome(reply, followUp).kind
                    expect(
                        kind != "done" && kind != "pending", "a refusal is no success",
                        "\(fixture.name) as \(status): \(kind)")
                }
            case "conflict":
                for status in [200, 201, 204] {
                    let reply = ProviderReply(status: status, body: fixture.reply.body)
                    let kind = functions.outcome(reply, followUp).kind
                    expect(
                        kind == "ambiguous", "a conflict is only the documented reply",
                        "\(fixture.name) as \(status): \(kind)")
                }
            default: break
            }
        }
    }

    private mutating func checkUnexplainedReplies(
        to followUp: FollowUp, _ kind: ConformanceFixture.Operation, _ functions: FollowUpFunctions
    ) {
        for (reply, name) in unexplainedReplies(kind) {
            let kind = functions.outcome(reply, followUp).kind
            expect(kind == "ambiguous", "what the documents do not explain is ambiguous", "\(name): \(kind)")
        }
        for status in 400..<500 {
            for (name, body) in Mutations.garbage {
                let kind = functions.outcome(ProviderReply(status: status, body: body), followUp).kind
                expect(
                    ["refused", "rejected", "ambiguous"].contains(kind),
                    "an empty refusal says nothing of the payment", "\(status) with \(name): \(kind)")
            }
        }
        for mutated in mutatedReplies(kind) {
            let outcome = functions.outcome(mutated.reply, followUp)
            expectBearable(
                outcome.kind, of: mutated, unexplained: "ambiguous", "what the documents do not explain is ambiguous")
            switch outcome {
            case .done(let reference), .pending(let reference): checkID(reference, of: mutated)
            case .declined(let decline): check(decline, nil, of: mutated)
            case .rejected(let detail, let code): checkShown(detail, code, of: mutated)
            case .conflict(let detail): checkShown(detail, nil, of: mutated)
            default: break
            }
        }
    }
}
