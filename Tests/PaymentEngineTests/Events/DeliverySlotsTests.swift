@testable import PaymentEngine
import Testing

/// Whose turn it is, as a value.
struct DeliverySlotsTests {
    private func job(_ app: String, _ payment: Int) -> DeliverySlots.Job {
        DeliverySlots.Job(app: app, payment: "\(payment)")
    }

    @Test("a slow app takes its share and no more")
    func share() {
        var slots = DeliverySlots(most: 4, ofApp: 2)
        let begun = (1...5).filter { slots.add(job("slow", $0)) }
        #expect(begun == [1, 2])
        let quick = slots.add(job("quick", 1))
        #expect(quick)
        let end = slots.finish(job("quick", 1))
        #expect(end.next == nil)
        #expect(slots.finish(job("slow", 1)).next == job("slow", 3))
    }

    @Test("where all places are taken, apps have their turns")
    func turns() {
        var slots = DeliverySlots(most: 2, ofApp: 2)
        let began = (1...4).filter { slots.add(job("a", $0)) }
        #expect(began == [1, 2])
        let waits = (1...2).filter { slots.add(job("b", $0)) }
        #expect(waits.isEmpty)
        var order: [DeliverySlots.Job] = []
        var running = [job("a", 1), job("a", 2)]
        while !running.isEmpty {
            guard let next = slots.finish(running.removeFirst()).next else { continue }
            order.append(next)
            running.append(next)
        }
        #expect(order == [job("a", 3), job("b", 1), job("a", 4), job("b", 2)])
    }

    @Test("of one payment there is one at a time; what came meanwhile is looked at after it")
    func again() {
        var slots = DeliverySlots(most: 2, ofApp: 2)
        let first = slots.add(job("a", 1))
        let second = slots.add(job("a", 1))
        #expect(first && !second)
        let end = slots.finish(job("a", 1))
        #expect(end.next == nil)
        #expect(end.again)
        let anew = slots.add(job("a", 1))
        #expect(anew)
        #expect(!slots.finish(job("a", 1)).again)
    }

    @Test("a payment waits once")
    func waitsOnce() {
        var slots = DeliverySlots(most: 1, ofApp: 1)
        let begun = [1, 2, 2, 2].filter { slots.add(job("a", $0)) }
        #expect(begun == [1])
        #expect(slots.finish(job("a", 1)).next == job("a", 2))
        let end = slots.finish(job("a", 2))
        #expect(end.next == nil && !end.again)
    }

    @Test("after the stop nothing begins")
    func stop() {
        var slots = DeliverySlots(most: 1, ofApp: 1)
        let begun = [1, 2, 1].filter { slots.add(job("a", $0)) }
        #expect(begun == [1])
        slots.stop()
        let end = slots.finish(job("a", 1))
        #expect(end.next == nil && !end.again)
        let late = slots.add(job("b", 1))
        #expect(!late)
    }
}
