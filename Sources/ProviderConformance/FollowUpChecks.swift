import PaymentModel
import ProviderKit

extension Examiner {
    mutating func checkFollowUps() {
        if let adapter = adapter as? any Capturing {
            check(
                .capture, .capture, safety: adapter.captureSafety, request: adapter.captureRequest,
                outcome: adapter.captureOutcome)
        }
        if let adapter = adapter as? any Canceling {
            check(
                .cancel, .cancel, safety: adapter.cancelSafety, request: adapter.cancelRequest,
                outcome: adapter.cancelOutcome)
        }
        if let adapter = adapter as? any Refunding {
            check(
                .refund, .refund, safety: adapter.refundSafety, request: adapter.refundRequest,
                outcome: adapter.refundOutcome)
        }
    }

    private mutating func check(
        _ operation: Operation, _ fixture: ConformanceFixture.Operation, safety: (FollowUp) -> SendSafety,
        request: (FollowUp) -> ProviderRequest, outcome: (ProviderReply, FollowUp) -> FollowUpOutcome
    ) {
        let followUps = inputs.followUps.filter { $0.operation == operation }
        expect(
            !followUps.isEmpty, "every capability has its documented replies",
            "\(operation.rawValue): no follow-up in the inputs")
        for followUp in followUps {
            let (first, second) = (request(followUp), request(followUp))
            expect(
                first.path == second.path && first.headers == second.headers && first.body == second.body,
                "the same order makes the same request", "\(first)")
            expect(isReadable(first), "a JSON body is strict JSON", "\(first)")
            if case .replayable = safety(followUp) {
                expect(says(followUp.key, first), "a repeatable call carries its key", "\(first)")
            }
            for shown in texts(showing: followUp, dumped: true) + texts(showing: first, dumped: false) {
                expect(!hasSecret(shown), "no secret is shown", operation.rawValue)
            }
            for fixture in fixtures(fixture) {
                let kind = outcome(fixture.reply, followUp).kind
                expect(kind == fixture.expectation, "documented replies are read", "\(fixture.name): \(kind)")
                checkUnknownStatus(in: fixture, unless: ["done", "pending", "declined"]) { _, reply, _ in
                    let kind = outcome(reply, followUp).kind
                    return kind == "ambiguous" ? nil : kind
                }
            }
            for (reply, name) in unexplainedReplies(fixture) {
                let kind = outcome(reply, followUp).kind
                expect(kind == "ambiguous", "what the documents do not explain is ambiguous", "\(name): \(kind)")
            }
            for reply in mutatedReplies(fixture) {
                let kind = outcome(reply, followUp).kind
                expect(
                    reply.status < 500 || kind == "ambiguous", "what the documents do not explain is ambiguous",
                    "\(reply.status) with a mutated body: \(kind)")
            }
        }
    }
}
