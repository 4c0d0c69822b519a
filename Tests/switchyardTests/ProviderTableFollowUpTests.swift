import StrictJSON
import Testing

extension EndToEnd.ProviderTableTests {
    /// The columns capture, cancel and refund of the table in the README. A cell that says `–` is tested too: the answer
    /// says so, and nothing is sent.
    @Suite struct FollowUps {
        // MARK: Capture

        @Test(arguments: TableCell.all(.capture))
        func captureWhole(_ cell: TableCell) async throws {
            try await Till.open(cell.row, cell.currency) { till in
                guard till.row.operations[.capture] != nil else { return try await notSupported("capture", till) }
                let id = try await till.held()
                let answer = try await till.router.followUp(id, "capture", key: "c-1")
                #expect(answer.status == 200)
                #expect(answer["status"] == "captured")
                #expect(answer.json["amount_captured"]?.integer == 10_000)
                try await till.expectCharge("captured")
                // Once.
                let again = try await till.router.followUp(id, "capture", key: "c-2")
                #expect(again.status == 409)
                #expect(again["code"] == "invalid-state")
            }
        }

        @Test(arguments: TableCell.all(.capture).filter { $0.row.operations[.capture] != nil })
        func capturePart(_ cell: TableCell) async throws {
            try await Till.open(cell.row, cell.currency) { till in
                let id = try await till.held()
                let tooMuch = try await till.router.followUp(id, "capture", #"{"amount":10001}"#, key: "c-1")
                #expect(tooMuch.status == 422)
                #expect(tooMuch.pointers == ["/amount"])
                let answer = try await till.router.followUp(id, "capture", #"{"amount":4000}"#, key: "c-2")
                #expect(answer.status == 200)
                #expect(answer["status"] == "captured")
                #expect(answer.json["amount_captured"]?.integer == 4000)
                try await till.expectCharge("captured", of: 4000)
                // What was taken is what can be returned.
                let refund = try await till.router.followUp(id, "refunds", #"{"amount":4001}"#, key: "r-1")
                #expect(refund.status == 422)
                #expect(refund.pointers == ["/amount"])
                #expect(try await till.router.followUp(id, "refunds", key: "r-2")["status"] == "refunded")
                try await till.expectCharge("refunded", of: 4000, refunds: [4000])
            }
        }

        // MARK: Cancel

        @Test(arguments: TableCell.all(.cancel))
        func cancel(_ cell: TableCell) async throws {
            try await Till.open(cell.row, cell.currency) { till in
                guard till.row.operations[.cancel] != nil else { return try await notSupported("cancel", till) }
                let id = try await till.held()
                let voided = try await till.router.followUp(id, "cancel", #"{"reason":"sold out"}"#, key: "x-1")
                #expect(voided.status == 200)
                #expect(voided["status"] == "voided")
                #expect(try await till.router.followUp(id, "capture", key: "c-1").status == 409)
                if !till.isCard {
                    let open = try await till.pay("k-2")
                    let closed = try await till.router.followUp(open["id"], "cancel", key: "x-2")
                    #expect(closed.status == 200)
                    #expect(closed["status"] == "canceled")
                    // The page takes no money any more.
                    let late = try await till.providers.trySettling(
                        till.row.plugin, try #require(open["provider_reference"]), "success")
                    #expect(late.status == 409)
                }
                #expect(try await till.providers.charges().isEmpty)
            }
        }

        // MARK: Refund

        @Test(arguments: TableCell.all(.refund))
        func refundInParts(_ cell: TableCell) async throws {
            try await Till.open(cell.row, cell.currency) { till in
                guard till.row.operations[.refund] != nil else { return try await notSupported("refunds", till) }
                let id = try await till.captured()
                let part = try await till.router.followUp(
                    id, "refunds", #"{"amount":2500,"reason":"one was broken"}"#, key: "r-1")
                #expect(part.status == 200)
                #expect(part["status"] == "partially_refunded")
                #expect(part.json["amount_refunded"]?.integer == 2500)
                #expect(part.json["refunds"]?.array?.first?["status"]?.string == "succeeded")
                try await till.expectCharge("partially_refunded", refunds: [2500])
                let tooMuch = try await till.router.followUp(id, "refunds", #"{"amount":7501}"#, key: "r-2")
                #expect(tooMuch.status == 422)
                #expect(tooMuch.pointers == ["/amount"])
                let second = try await till.router.followUp(id, "refunds", #"{"amount":2500}"#, key: "r-3")
                #expect(second.json["amount_refunded"]?.integer == 5000)
                let rest = try await till.router.followUp(id, "refunds", key: "r-4")
                #expect(rest.status == 200)
                #expect(rest["status"] == "refunded")
                #expect(rest.json["amount_refunded"]?.integer == 10_000)
                let nothing = try await till.router.followUp(id, "refunds", key: "r-5")
                #expect(nothing.status == 422)
                #expect(nothing["code"] == "validation-failed")
                #expect(nothing.pointers == ["/amount"])
                try await till.expectCharge("refunded", refunds: [2500, 2500, 5000])
                // The provider tells of its refunds too: nothing is counted twice, and nothing is strange about it.
                let synced = try await till.router.sync(id)
                #expect(synced["status"] == "refunded")
                #expect(synced.json["review"]?.isNull == true)
            }
        }

        @Test(arguments: TableCell.all(.refund).filter { $0.row.operations[.refund] != nil })
        func refundWhole(_ cell: TableCell) async throws {
            try await Till.open(cell.row, cell.currency) { till in
                let id = try await till.captured()
                let answer = try await till.router.followUp(id, "refunds", key: "r-1")
                #expect(answer.status == 200)
                #expect(answer["status"] == "refunded")
                try await till.expectCharge("refunded", refunds: [10_000])
            }
        }

        // MARK: The id of what came of a checkout

        /// A checkout's follow-ups need the id of the payment that came of it. Where no callback told it, the app brings
        /// what the customer's browser was told.
        @Test(arguments: ["capture", "cancel", "refunds"], ["EUR", "MAD", "USD"])
        func syncBringsTheID(_ operation: String, _ currency: String) async throws {
            let row = try #require(ProviderRow.all.first { $0.plugin == "paymentgateway" && $0.method == "checkout" })
            try await Till.open(row, currency) { till in
                try await till.dropCallbacks()
                let payment = try await till.pay(capture: operation == "refunds" ? "automatic" : "manual")
                let transaction = try #require(try await till.customer("success", payment))
                // The intent tells what became of it, and not by which payment.
                let known = try await till.router.sync(payment["id"])
                #expect(known["status"] == (operation == "refunds" ? "captured" : "authorized"))
                let early = try await till.router.followUp(payment["id"], operation, key: "f-1")
                #expect(early.status == 409)
                #expect(early["code"] == "invalid-state")
                #expect(early["detail"]?.contains("provider_transaction_id") == true)

                let wrong = try await till.router.sync(payment["id"], transaction: "pay_another0000000000")
                #expect(wrong.status == 422)
                #expect(wrong.pointers == ["/provider_transaction_id"])
                let synced = try await till.router.sync(payment["id"], transaction: transaction)
                #expect(synced.status == 200)
                #expect(synced["provider_reference"] == transaction)
                // Nothing was sent under the first key: it is free.
                let answer = try await till.router.followUp(payment["id"], operation, key: "f-1")
                #expect(answer.status == 200)
                let status = ["capture": "captured", "cancel": "voided", "refunds": "refunded"][operation]
                #expect(answer["status"] == status)
            }
        }

        // MARK: What a provider cannot do

        private func notSupported(_ operation: String, _ till: Till) async throws {
            let payment = try await till.pay()
            if operation == "refunds" {
                let transaction = try await till.customer("success", payment)
                if till.row.plugin == "alyapay" {
                    let synced = try await till.router.sync(payment["id"], transaction: transaction)
                    #expect(synced.status == 200, "\(synced.text)")
                }
                try await till.router.payment(payment["id"], becomes: "captured")
            }
            let sent = try await till.providers.received(till.row.plugin).count
            let answer = try await till.router.followUp(payment["id"], operation, key: "f-1")
            #expect(answer.status == 422)
            #expect(answer["code"] == "operation-not-supported")
            #expect(try await till.providers.received(till.row.plugin).count == sent)
            #expect(try await till.router.payment(payment["id"]).json["open_operation"]?.isNull == true)
        }
    }
}
