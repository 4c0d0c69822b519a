import PaymentModel
import Testing

@Suite struct TimestampTests {
    /// Computed with `date -u -d @…`, not with the code under test.
    static let written: [(Int64, String)] = [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-1000, "1969-12-31T23:59:59.000Z"),
        (-86_400_000, "1969-12-31T00:00:00.000Z"),
        (-86_400_001, "1969-12-30T23:59:59.999Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (86_399_999, "1970-01-01T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (951_868_799_999, "2000-02-29T23:59:59.999Z"),
        (951_868_800_000, "2000-03-01T00:00:00.000Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
        (1_735_689_599_000, "2024-12-31T23:59:59.000Z"),
        (1_769_248_800_000, "2026-01-24T10:00:00.000Z"),
        (1_740_787_200_000, "2025-03-01T00:00:00.000Z"),
        (2_147_483_648_000, "2038-01-19T03:14:08.000Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ]

    @Test(arguments: written)
    func isWrittenAndReadBack(_ milliseconds: Int64, _ text: String) {
        let moment = Timestamp(milliseconds: milliseconds)
        #expect(moment.description == text)
        #expect(Timestamp(text) == moment)
    }

    static let read: [(String, Int64)] = [
        ("2026-01-24T10:00:00Z", 1_769_248_800_000),
        ("2026-01-24t10:00:00z", 1_769_248_800_000),
        ("2026-01-24 10:00:00Z", 1_769_248_800_000),
        ("2026-01-24T13:00:00+03:00", 1_769_248_800_000),
        ("2026-01-24T04:30:00-05:30", 1_769_248_800_000),
        ("2026-01-25T00:00:00+14:00", 1_769_248_800_000),
        ("2026-01-24T10:00:00-00:00", 1_769_248_800_000),
        ("2026-01-24T10:00:00.5Z", 1_769_248_800_500),
        ("2026-01-24T10:00:00.12Z", 1_769_248_800_120),
        ("2026-01-24T10:00:00.123456Z", 1_769_248_800_123),
        ("2026-01-24T10:00:00.9999999+00:00", 1_769_248_800_999),
        ("2026-01-24T10:00:00.0000000000000000000000009Z", 1_769_248_800_000),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T00:30:00+01:00", -1_800_000),
        ("2000-02-29T00:00:00Z", 951_782_400_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        // A leap second is the first second after it.
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
    ]

    @Test(arguments: read)
    func rfc3339IsRead(_ text: String, _ milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-01-24", "2026-01-24T10:00Z", "2026-01-24T10:00:00", "2026-01-24T10:00:00.Z",
        "2026-01-24T10:00:00ZZ",
        "2026-01-24T10:00:00 Z", " 2026-01-24T10:00:00Z", "2026-01-24T10:00:00Z ", "2026-01-24_10:00:00Z",
        "2026-13-24T10:00:00Z", "2026-00-24T10:00:00Z", "2026-01-00T10:00:00Z", "2026-01-32T10:00:00Z",
        "2026-04-31T10:00:00Z",
        "2026-06-31T10:00:00Z", "2026-09-31T10:00:00Z", "2026-11-31T10:00:00Z", "2026-02-29T10:00:00Z",
        "2023-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-24T24:00:00Z",
        "2026-01-24T10:60:00Z",
        "2026-01-24T10:00:61Z", "2026-01-24T10:00:00+3:00", "2026-01-24T10:00:00+0300", "2026-01-24T10:00:00+24:00",
        "2026-01-24T10:00:00+03:60", "2026-01-24T10:00:00+03", "2026-1-24T10:00:00Z", "02026-01-24T10:00:00Z",
        "-026-01-24T10:00:00Z", "2026-01-24T10:00:00.12a4Z", "２026-01-24T10:00:00Z", "2026/01/24T10:00:00Z",
        "1769248800",
    ])
    func everythingElseIsRefused(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func everyDayOfFourCenturiesSurvivesItsText() {
        var previous: (year: Int64, month: Int64, day: Int64)?
        for day in Int64(-25_567)...120_529 {
            let moment = Timestamp(milliseconds: day * 86_400_000 + 43_200_000)
            let date = moment.calendarDate
            if Timestamp(moment.description) != moment { Issue.record("day \(day) does not survive") }
            if let previous {
                let isNext =
                    date == (previous.year, previous.month, previous.day + 1)
                    || date == (previous.year, previous.month + 1, 1) || date == (previous.year + 1, 1, 1)
                if !isNext { Issue.record("\(date) follows \(previous)") }
            }
            previous = date
        }
        #expect(previous?.year == 2299)
    }

    @Test func theExtremesOfSixtyFourBitsDoNotTrap() {
        #expect(Timestamp(milliseconds: .max).description.hasPrefix("9999-"))
        #expect(Timestamp(milliseconds: .min).description.hasPrefix("0000-"))
        #expect(Timestamp(milliseconds: .max).advanced(by: .seconds(1)).milliseconds == .max)
        #expect(Timestamp(milliseconds: .min).advanced(by: .seconds(-1)).milliseconds == .min)
        #expect(Timestamp(milliseconds: 5).advanced(by: .seconds(Int64.max)).milliseconds == .max)
        #expect(Timestamp(milliseconds: -5).advanced(by: .seconds(Int64.min)).milliseconds == .min)
    }

    @Test func advancingIsToTheMillisecond() {
        let moment = Timestamp(milliseconds: 1000)
        #expect(moment.advanced(by: .milliseconds(1)).milliseconds == 1001)
        #expect(moment.advanced(by: .microseconds(1999)).milliseconds == 1001)
        #expect(moment.advanced(by: .seconds(-2)).milliseconds == -1000)
        #expect(moment.advanced(by: .zero) == moment)
        #expect(moment < moment.advanced(by: .milliseconds(1)))
        #expect(Duration.seconds(3).milliseconds == 3000)
        #expect(Duration.milliseconds(-1500).milliseconds == -1500)
    }
}
