import PaymentModel
import StrictJSON
import Testing

/// Phone numbers that look like card numbers, and card numbers that pose as phones.
@Suite struct PhoneTests {
    private func faults(customer phone: String, momo: String = "+254712345678") throws -> [String] {
        let body = try JSONValue(
            parsing: """
                {"amount":1,"currency":"KES","method":"mobile_money","reference":"r","customer":{"phone":"\(phone)"},
                "mobile_money":{"phone":"\(momo)","network":"mpesa"}}
                """)
        do {
            _ = try PaymentRequest(validating: body, now: Timestamp(milliseconds: 1_769_248_800_000))
            return []
        } catch {
            return error.faults.map(\.pointer)
        }
    }

    /// 14 digits that pass Luhn and begin like a card: a real Indonesian mobile number all the same.
    @Test func anInternationalNumberIsAPhone() throws {
        #expect(try faults(customer: "+62812712032393", momo: "+62812712032393") == [])
    }

    @Test(arguments: ["4242424242424242", "378282246310005", "4242 4242 4242 4242"])
    func aCardNumberIsNoPhone(_ number: String) throws {
        #expect(try faults(customer: number) == ["/customer/phone"])
        #expect(try faults(customer: "03123456789", momo: number) == ["/mobile_money/phone"])
    }
}
