import Fuzzing
import HTTPTypes
import PaymentModel
import ProviderKit
import StrictJSON

extension Examiner {
    mutating func checkCallbacks(_ receiving: any CallbackReceiving) {
        guard let deliver = inputs.delivery else {
            return expect(
                fixtures(.callback).isEmpty, "every capability has its documented replies",
                "callback: no delivery in the inputs")
        }
        var eventIDs: [String: String] = [:]
        for fixture in fixtures(.callback) {
            let delivery = deliver(fixture.reply.body)
            let verdict = receiving.verifyCallback(delivery)
            expect(
                verdict == (inputs.callbackProof == .nothing ? .unsigned : .authentic),
                "an authentic callback is taken",
                "\(fixture.name): \(verdict.kind)")
            checkForgeries(of: delivery, fixture.name, receiving)

            let notice: CallbackNotice
            do {
                notice = try receiving.readCallback(delivery)
            } catch {
                expectRead("unreadable", "unreadable (\(error.detail))", fixture)
                continue
            }
            expectRead(notice.report.state.kind, notice.report.state.kind, fixture)
            checkMoney(of: notice.report, against: order.request.money, fixture.name)
            checkReplay(of: delivery, notice, fixture, receiving)
            if let other = eventIDs.updateValue(fixture.expectation, forKey: notice.eventID) {
                expect(
                    other == fixture.expectation, "different events have different ids", "\(fixture.name) and \(other)")
            }
            checkUnknownStatus(in: fixture, unless: [fixture.expectation]) { _, reply, _ in
                (try? receiving.readCallback(deliver(reply.body))).map(\.report.state.kind)
            }
        }
        checkGarbage(receiving, deliver)
        checkMutations(receiving, deliver)
    }

    /// The same delivery again, later: the same event.
    private mutating func checkReplay(
        of delivery: CallbackDelivery, _ notice: CallbackNotice, _ fixture: ConformanceFixture,
        _ receiving: any CallbackReceiving
    ) {
        expect(!notice.eventID.isEmpty, "an event has an id", fixture.name)
        for wait in [Duration.zero, .seconds(1), .seconds(7 * 86_400)] {
            let replay = CallbackDelivery(
                headers: delivery.headers, body: delivery.body, receivedAt: delivery.receivedAt.advanced(by: wait))
            // A verification that refuses the old is as good.
            guard receiving.verifyCallback(replay) != .forged else { continue }
            let again = try? receiving.readCallback(replay)
            expect(again?.eventID == notice.eventID, "a replayed callback is the same event", fixture.name)
        }
    }

    private mutating func checkForgeries(
        of delivery: CallbackDelivery, _ name: String, _ receiving: any CallbackReceiving
    ) {
        func verdict(_ headers: HTTPFields, _ body: [UInt8]) -> CallbackVerdict {
            receiving.verifyCallback(CallbackDelivery(headers: headers, body: body, receivedAt: delivery.receivedAt))
        }
        guard inputs.callbackProof != .nothing else {
            let bare = verdict([:], delivery.body)
            return expect(bare != .authentic, "an unsigned callback is not believed", "\(name): \(bare.kind)")
        }
        expect(verdict([:], delivery.body) == .forged, "an unsigned callback is refused", name)
        let proofs = proofs(of: delivery, receiving)
        expect(!proofs.isEmpty, "an unsigned callback is refused", "\(name): no header matters")
        for proof in proofs {
            for value in forgeries(of: proof.value) {
                var headers = delivery.headers
                headers[proof.name] = value
                expect(
                    verdict(headers, delivery.body) == .forged, "a tampered callback is refused",
                    "\(name): another \(proof.name.canonicalName)")
            }
        }
        guard inputs.callbackProof == .bodySignature else { return }
        var bodies = [[], delivery.body + [0x0a], delivery.body + [0x20], Array(delivery.body.dropLast())]
        for index in stride(from: 0, to: delivery.body.count, by: max(1, delivery.body.count / 64)) {
            var body = delivery.body
            body[index] ^= 1
            bodies.append(body)
        }
        for body in bodies where body != delivery.body {
            expect(
                verdict(delivery.headers, body) == .forged, "a tampered callback is refused", "\(name): another body")
        }
    }

    /// The headers without which the delivery is not believed.
    private func proofs(of delivery: CallbackDelivery, _ receiving: any CallbackReceiving) -> [HTTPField] {
        delivery.headers.filter { field in
            var headers = delivery.headers
            headers[field.name] = nil
            let without = CallbackDelivery(headers: headers, body: delivery.body, receivedAt: delivery.receivedAt)
            return receiving.verifyCallback(without) != .authentic
        }
    }

    /// Values close to the right one.
    private func forgeries(of value: String) -> [String] {
        var values = ["", "x", value + "0", "0" + value, value + value, "sha256=" + value, String(value.dropLast())]
        for index in value.indices.filter({ _ in true }) {
            var changed = value
            let next = value.index(after: index)
            changed.replaceSubrange(index..<next, with: value[index] == "0" ? "1" : "0")
            values.append(changed)
        }
        return values.filter { $0 != value }
    }

    private mutating func checkGarbage(
        _ receiving: any CallbackReceiving, _ deliver: ([UInt8]) -> CallbackDelivery
    ) {
        for (name, body) in Mutations.garbage {
            let delivery = deliver(body)
            _ = receiving.verifyCallback(delivery)
            expect(
                (try? receiving.readCallback(delivery)) == nil, "a callback that says nothing is no notice", name)
        }
    }

    /// Each documented callback, changed many times: under the old signature a forgery, and signed anew at most what it says.
    private mutating func checkMutations(
        _ receiving: any CallbackReceiving, _ deliver: ([UInt8]) -> CallbackDelivery
    ) {
        let fixtures = fixtures(.callback)
        guard !fixtures.isEmpty else { return }
        let mutator = Mutator(corpus: headerValues(of: fixtures.map { deliver($0.reply.body) }), tokens: .http)
        let rounds = Mutations.fuzz(
            "\(Adapter.declaration.id) callback", fixtures.map(\.reply.body), rounds: fixtures.count * inputs.mutations)
        for round in rounds {
            let fixture = fixtures[round.member]
            let mutated = MutatedReply(ProviderReply(status: 200, body: round.input), of: fixture, round)
            let original = deliver(fixture.reply.body)
            checkProof(of: original, against: mutated, mutator, receiving)

            let delivery = deliver(round.input)
            let verdict = receiving.verifyCallback(delivery)
            expect(verdict == receiving.verifyCallback(original), "an authentic callback is taken", of: mutated)
            guard let notice = try? receiving.readCallback(delivery) else { continue }
            let again = try? receiving.readCallback(delivery)
            expect(notice.eventID == again?.eventID, "a replayed callback is the same event", of: mutated)
            expect((1...1024).contains(notice.eventID.utf8.count), "an event has an id", of: mutated, notice.eventID)
            expect(mutated.json != nil, "a callback that says nothing is no notice", of: mutated)
            check(notice.report, as: notice.report.state.kind, of: mutated)
            // It decides which payment is meant.
            if let ours = notice.report.ourReference {
                let isSaid = mutated.json?.scalarTexts.contains { $0.contains(ours) } ?? false
                expect(isSaid, "a reference is what the callback says", of: mutated, ours)
            }
        }
    }

    /// Another body under the proof of this one, and another proof of this body.
    private mutating func checkProof(
        of delivery: CallbackDelivery, against mutated: MutatedReply, _ mutator: Mutator,
        _ receiving: any CallbackReceiving
    ) {
        func verdict(_ headers: HTTPFields, _ body: [UInt8]) -> CallbackVerdict {
            receiving.verifyCallback(CallbackDelivery(headers: headers, body: body, receivedAt: delivery.receivedAt))
        }
        if inputs.callbackProof == .bodySignature, mutated.reply.body != delivery.body {
            expect(
                verdict(delivery.headers, mutated.reply.body) == .forged, "a tampered callback is refused", of: mutated)
        }
        var random = mutated.round.random
        let values = headerValues(of: [delivery])
        let value = String(decoding: mutator.mutate(random.below(values.count), using: &random), as: UTF8.self)
        for field in inputs.callbackProof == .nothing ? [] : proofs(of: delivery, receiving) {
            var headers = delivery.headers
            headers[field.name] = value
            // Hex may be written in either case.
            guard headers[field.name]?.lowercased() != field.value.lowercased() else { continue }
            expect(
                verdict(headers, delivery.body) == .forged, "a tampered callback is refused", of: mutated,
                "another \(field.name.canonicalName)")
        }
    }

    private func headerValues(of deliveries: [CallbackDelivery]) -> [[UInt8]] {
        let values = deliveries.flatMap { $0.headers.map { Array($0.value.utf8) } }
        return values.isEmpty ? [[]] : values
    }
}
