import Foundation
import PaymentEngine
import PaymentModel
import ProviderKit
import StrictJSON
import Testing

@testable import switchyard

extension EndToEnd {
    /// The table in the README: each of its cells, through the whole program and over sockets.
    @Suite struct ProviderTableTests {
        // MARK: The table

        /// Neither can grow without the other: the rows in the README are those whose cells are tested here.
        @Test func theReadmeShowsWhatIsTested() throws {
            let readme = try String(contentsOf: URL(filePath: Setup.packageRoot + "/README.md"), encoding: .utf8)
            let section = try #require(
                readme.components(separatedBy: "\n## What each provider can do\n").dropFirst().first)
            let lines = section.components(separatedBy: "\n## ")[0].split(separator: "\n").map(String.init)
                .filter { $0.hasPrefix("|") }
            #expect(lines.first == ProviderRow.header)
            #expect(Array(lines.dropFirst(2)) == ProviderRow.all.map(\.line))
        }

        /// The rows are what the plugins of the shipped routes declare: every method, every currency, every capability.
        @Test func theTableIsWhatThePluginsDeclare() throws {
            let shipped = try Setup.shipped.load([:])
            #expect(Set(ProviderRow.all.map(\.plugin)) == Set(shipped.providers.values.map(\.plugin)))
            for row in ProviderRow.all { #expect(shipped.providers[row.instance]?.plugin == row.plugin) }
            for plugin in builtInPlugins {
                let declaration = plugin.declaration
                let rows = ProviderRow.all.filter { $0.plugin == declaration.id }
                if rows.isEmpty { continue }
                #expect(rows.map(\.method).sorted() == declaration.methods.map(\.rawValue).sorted())
                for row in rows {
                    #expect(row.name == declaration.name)
                    #expect(row.isListed == (declaration.currencies != nil))
                    if let currencies = declaration.currencies {
                        #expect(row.currencies == currencies.map(\.code).sorted())
                    }
                    let can: [ProviderRow.Operation: Bool] = [
                        .create: true, .inquiry: plugin is any Inquiring.Type,
                        .capture: plugin is any Capturing.Type, .cancel: plugin is any Canceling.Type,
                        .refund: plugin is any Refunding.Type, .callback: plugin is any CallbackReceiving.Type,
                    ]
                    for operation in ProviderRow.Operation.allCases {
                        #expect((row.operations[operation] != nil) == can[operation], "\(row.name) \(operation)")
                    }
                }
            }
        }

        // MARK: Create

        @Test(arguments: TableCell.all(.create))
        func create(_ cell: TableCell) async throws {
            try await Till.open(cell.row, cell.currency) { till in
                let payment = try await till.pay()
                #expect(payment.json["amount"]?.integer == 10_000)
                #expect(payment.attempts == ["\(till.row.instance):create=accepted"])
                let action = payment.json["next_action"]?["type"]?.string
                if till.isCard {
                    #expect(payment["status"] == "captured")
                    #expect(action == nil)
                    try await till.expectCharge("captured")
                    // Held: no money yet.
                    let hold = try await till.pay("k-2", capture: "manual")
                    #expect(hold["status"] == "authorized")
                    try await till.expectCharge("captured")
                    return
                }
                let quoted = action.map { "`\($0)`" }
                #expect(till.row.operations[.create] == quoted)
                #expect(["pending", "requires_action"].contains(payment["status"]))
                #expect(try await till.providers.charges().isEmpty)
                // A hold, where the provider can.
                let hold = try await till.router.pay("k-2", till.row.body(till.currency, capture: "manual"))
                if till.row.operations[.capture] == nil {
                    #expect(hold.status == 422)
                    #expect(hold["code"] == "no-route")
                } else {
                    #expect(hold.status == 201)
                    #expect(hold["capture"] == "manual")
                    #expect(hold["status"] == "requires_action")
                }
            }
        }

        /// Where the documents name the currencies, no other one is sent.
        @Test(arguments: ProviderRow.all.filter(\.isListed))
        func anotherCurrency(_ row: ProviderRow) async throws {
            try await endToEnd(.picking) { router in
                let refused = try await router.pay("k-1", row.body("KES"))
                #expect(refused.status == 422)
                #expect(refused["code"] == "no-route")
                #expect(try await router.providers.received(row.plugin).isEmpty)
            }
        }

        // MARK: Inquiry

        /// The callback is lost, and asking finds what it would have told.
        @Test(arguments: TableCell.all(.inquiry))
        func inquiry(_ cell: TableCell) async throws {
            try await Till.open(cell.row, cell.currency) { till in
                try await till.dropCallbacks()
                let payment = try await till.pay(capture: till.isCard ? "manual" : "automatic")
                let transaction: String?
                if till.isCard {
                    try await till.captureInPanel(payment)
                    transaction = nil
                } else {
                    transaction = try await till.customer("success", payment)
                }
                #expect(try await till.router.payment(payment["id"])["status"] == payment["status"])
                // AlyaPay is asked by an id that it tells the browser alone; the others need none.
                let claims = till.row.plugin == "alyapay" ? transaction : nil
                let found = try await till.router.sync(payment["id"], transaction: claims)
                #expect(found.status == 200)
                #expect(found["status"] == "captured")
                #expect(found.json["amount_captured"]?.integer == 10_000)
                #expect(found.json["review"]?.isNull == true)
                #expect(try await till.questions() == 1)
                try await till.expectCharge("captured")
                // Asked again, it is as it was.
                #expect(try await till.router.sync(payment["id"], transaction: claims)["status"] == "captured")
            }
        }

        // MARK: Callback

        /// What the customer did arrives by itself: nobody asks.
        @Test(arguments: TableCell.all(.callback))
        func callback(_ cell: TableCell) async throws {
            try await Till.open(cell.row, cell.currency) { till in
                if till.row.plugin == "alyapay" { return try await canceledByCallback(till) }
                let payment = try await till.pay(capture: till.isCard ? "manual" : "automatic")
                if till.isCard {
                    try await till.captureInPanel(payment)
                } else {
                    try await till.customer("success", payment)
                }
                let captured = try await till.router.payment(payment["id"], becomes: "captured")
                #expect(captured.json["amount_captured"]?.integer == 10_000)
                #expect(captured.json["review"]?.isNull == true)
                // Only where nothing is signed does the word of a callback not count by itself.
                #expect(try await till.questions() == (till.row.plugin == "waypay" ? 1 : 0))
                #expect(try await till.router.events(of: payment["id"]).last == "payment.captured")
                try await till.expectCharge("captured")
            }
        }

        /// AlyaPay tells of what was not paid, by the transaction's id, which `sync` has brought.
        private func canceledByCallback(_ till: Till) async throws {
            for (outcome, status) in [("canceled", "canceled"), ("expired", "expired")] {
                let payment = try await till.pay("k-\(outcome)")
                let transaction = try await till.openComponent(payment)
                let open = try await till.router.sync(payment["id"], transaction: transaction)
                #expect(open.status == 200)
                #expect(open["provider_reference"] == transaction)
                let asked = try await till.questions()
                try await till.providers.settle("alyapay", transaction, outcome)
                try await till.router.payment(payment["id"], becomes: status)
                #expect(try await till.questions() == asked)
                #expect(try await till.router.events(of: payment["id"]).last == "payment.\(status)")
            }
            #expect(try await till.providers.charges().isEmpty)
        }
    }
}
