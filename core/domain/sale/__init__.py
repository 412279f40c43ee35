"""The totals of a sale and its ledger: pure functions over integers of a currency's minor unit.

`calculation` prices an order once; `ledger` books its payments, `refunds` takes value back, `splits` divides it among
payers, `drawer` and `report` add a shift up, `business_day` says which day that was. Nothing here reads a clock, a
database or a locale. All amounts are minor units, so no name says it; all rates are in 1/1000 %.
"""
