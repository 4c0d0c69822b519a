import HTTPTypes
import Fuzzing
import PaymentModel
import ProviderKit
import StrictJSON

/// Asking after a follow-up whose reply was lost. What is found decides whether money is sent a second time, so neither
/// 'done' nor 'not done' may come of anything but the whole answer.
extension Examiner {
    /// What the host sends for one question, at most.
    private var mostRequests: Int { 20 }

    mutating func checkFindings(_ inquiring: any FollowUpInquiring) {
        let followUps = inputs.followUps.filter { inquiring.followUpInquiryRequest(for: $0, after: []) != nil }
        expect(
            !followUps.isEmpty || fixtures(.finding).isEmpty, "every capability has its documented replies",
            "finding: no follow-up of the inputs can be asked after")
        for followUp in inputs.followUps { expectNothing(in: [], followUp, inquiring, "no reply at all") }
        for followUp in followUps {
            for fixture in fixtures(.finding) { check(fixture, followUp, inquiring) }
            checkUnexplainedFindings(followUp, inquiring)
        }
    }

    private mutating func check(
        _ fixture: ConformanceFixture, _ followUp: FollowUp, _ inquiring: any FollowUpInquiring
    ) {
        let replies = inputs.findingPreamble + [fixture.reply]
        let finding = inquiring.followUpFinding(in: replies, for: followUp)
        let kind = finding.kind
        expectRead(kind, finding.words, fixture)
        checkRequests(around: replies, fixture.name, followUp, inquiring)
        guard kind == "done" || kind == "not_done" else { return }

        checkUnknownStatus(in: fixture, unless: [fixture.expectation]) { _, reply, inputs in
            let kind = inquiring.followUpFinding(in: inputs.findingPreamble + [reply], for: followUp).kind
            return kind == "no_answer" ? nil : kind
        }
        for index in replies.indices.dropLast() {
            var fewer = replies
            fewer.remove(at: index)
            expectNothing(in: fewer, followUp, inquiring, "\(fixture.name) without reply \(index + 1)")
        }
        checkLosses(of: fixture, followUp, inquiring)
    }

    /// Follows the questions from the first one on: the same each time, and an end to them.
    private mutating func checkRequests(
        around replies: [ProviderReply], _ name: String, _ followUp: FollowUp, _ inquiring: any FollowUpInquiring
    ) {
        for count in 0...replies.count {
            let read = Array(replies.prefix(count))
            guard let request = inquiring.followUpInquiryRequest(for: followUp, after: read) else {
                expect(count > 0, "a follow-up that can be asked after is asked after", name)
                continue
            }
            let again = inquiring.followUpInquiryRequest(for: followUp, after: read)
            expect(
                request.path == again?.path && request.headers == again?.headers && request.body == again?.body,
                "the same question makes the same request", "\(request)")
            expect(isReadable(request), "a JSON body is strict JSON", "\(request)")
            for shown in texts(showing: request, dumped: false) {
                expect(!hasSecret(shown), "no secret is shown", "by a question after a follow-up")
            }
            expectNothing(in: read, followUp, inquiring, "\(name), of which there is more to ask")
        }
        var endless = replies
        while endless.count < mostRequests, inquiring.followUpInquiryRequest(for: followUp, after: endless) != nil {
            endless.append(replies.last ?? ProviderReply(status: 200))
        }
        if endless.count == mostRequests {
            expect(
                inquiring.followUpInquiryRequest(for: followUp, after: endless) == nil, "asking has an end",
                "\(name): more than \(mostRequests) requests")
        }
    }

    /// An answer of which something is missing: cut off, or with a row fewer than the provider counted.
    private mutating func checkLosses(
        of fixture: ConformanceFixture, _ followUp: FollowUp, _ inquiring: any FollowUpInquiring
    ) {
        let body = fixture.reply.body
        for length in stride(from: 0, to: max(0, body.count - 1), by: max(1, body.count / 64)) {
            let cut = ProviderReply(status: fixture.reply.status, body: Array(body.prefix(length)))
            // White space behind the document may be cut off.
            guard cut.json == nil else { continue }
            expectNothing(in: inputs.findingPreamble + [cut], followUp, inquiring, "\(fixture.name), cut off")
        }
        guard let json = fixture.reply.json else { return }
        for index in json.elementIndices {
            var place = index
            let shorter = json.replacing(&place, with: nil)?.serialized() ?? []
            let reply = ProviderReply(status: fixture.reply.status, body: shorter)
            let kind = inquiring.followUpFinding(in: inputs.findingPreamble + [reply], for: followUp).kind
            expect(
                kind != "not_done", "a list that lost a row does not say 'not done'", "\(fixture.name): \(kind)")
        }
    }

    private mutating func checkUnexplainedFindings(_ followUp: FollowUp, _ inquiring: any FollowUpInquiring) {
        for (reply, name) in unexplainedReplies(.finding) {
            expectNothing(in: inputs.findingPreamble + [reply], followUp, inquiring, name)
            for index in inputs.findingPreamble.indices {
                for fixture in fixtures(.finding) where ["done", "not_done"].contains(fixture.expectation) {
                    var replies = inputs.findingPreamble + [fixture.reply]
                    replies[index] = reply
                    expectNothing(in: replies, followUp, inquiring, "\(name) as reply \(index + 1)")
                }
            }
        }
        for status in 400..<500 {
            for (name, body) in Mutations.garbage {
                let reply = ProviderReply(status: status, body: body)
                expectNothing(in: inputs.findingPreamble + [reply], followUp, inquiring, "\(status) with \(name)")
            }
        }
        for fixture in fixtures(.finding) {
            // Alone: a piece of another one may make a whole answer.
            let name = "\(Adapter.declaration.id) \(fixture.name)"
            for round in Mutations.fuzz(name, [fixture.reply.body], rounds: inputs.mutations) {
                let reply = ProviderReply(status: fixture.reply.status, body: round.input)
                let finding = inquiring.followUpFinding(in: inputs.findingPreamble + [reply], for: followUp)
                _ = inquiring.followUpInquiryRequest(for: followUp, after: inputs.findingPreamble + [reply])
                let mutated = MutatedReply(reply, of: fixture, round)
                // What says that nothing was done does not say 'done' for being damaged. (More cannot be asked: a damaged
                // id may hide a row.)
                expect(
                    finding.kind != "done" || fixture.expectation != "not_done", "damage does not make a success",
                    of: mutated, finding.kind)
                expect(
                    mutated.json != nil || finding.kind == "no_answer", "what is not the whole answer finds nothing",
                    of: mutated, finding.kind)
                if case .done(let reference) = finding { checkID(reference, of: mutated) }
            }
        }
    }

    private mutating func expectNothing(
        in replies: [ProviderReply], _ followUp: FollowUp, _ inquiring: any FollowUpInquiring, _ name: String
    ) {
        let kind = inquiring.followUpFinding(in: replies, for: followUp).kind
        expect(
            kind == "no_answer", "what is not the whole answer finds nothing",
            "\(followUp.operation.rawValue), \(name): \(kind)")
    }
}
