"""The support desk's keyword rules: which category does a new ticket belong to?

The rules are read from top to bottom and the first one that matches wins, so the order matters. A machine that
stands comes first, then the people who argue about guarantee, then money, shipments and papers, and so on down to
plain part orders. Many customers do not write in their first language, hence the odd spellings.
"""

import re

# "Nothing is broken, I only ask ...": such a ticket must not end up with the breakdown people.
NOT_BROKEN = r"nothing is broken|not broken|no fault|isn't a fault|no hurry|no rush|runs (well|fine|beautifully|again)"

# Each rule is (category, pattern); the text is in lower case, and a pattern may match anywhere in it.
RULES: list[tuple[str, str]] = [
    # 1. The machine is down now.
    ("breakdown", r"\b(smok(e|es|ing)|on fire|smells? (hot|burnt))\b"),
    ("breakdown", r"\b(down|standing|stopped|dead|off|stands still) since\b|\bwe (have )?stopped\b"),
    ("breakdown", r"\b(trips|tripped|tripping|seized|jammed|stuck|knocking|screams?|rattl\w+|overheat\w*)\b"),
    ("breakdown", r"\balarm (\d+|on)\b|\be-\d{2,3}\b|\b(fault|error) (code|\d+)"),
    ("breakdown", r"\b(doing the thing|does it again|same like before|(still )?not working)\b"),
    # 2. Somebody says that we should pay, or asks what became of the returned part.
    ("warranty", r"\b(warranty|guarantee|garantie|gewährleistung|goodwill|claim|rma)\b"),
    ("warranty", r"\bwho pays\b|(\bnot|n't) pay(ing)?\b.*\b(again|second|third|for it)\b|\bat your (cost|expense)\b"),
    ("warranty", r"\b(only|after|lasted) \w+ (days|weeks|months)\b|\b(misuse|improper use)\b"),
    # 3. Courses.
    ("training", r"\b(training|courses?|schulung|trainer|attendance|teach)\b"),
    ("training", r"\bnew (people|boys|operators|colleagues)\b|\bbeginners\b"),
    # 4. Money that is owed or paid.
    ("billing", r"\b(invoices?|rechnung|credit note|gutschrift|vat|iban|skonto|dunning|reminders|net \d\d)\b"),
    (
        "billing",
        r"\b(remittance|reverse charge|overdue|tax)\b|\bstatement\b|\bopen (amount|items)\b|\bour (bill|account)\b",
    ),
    ("billing", r"\b(wrong|no|new|missing|correct) (po|purchase order)\b|\bpo \d{4,}|\border number\b"),
    # 5. Panels, network and data.
    ("software", r"\b(norrlink|my\.norrfeld|log-?in|password|user account|vpn|firewall)\b"),
    ("software", r"\b(firmware|plc|licen[cs]e|backup|update|software|usb|csv|excel|export|api|wms)\b"),
    ("software", r"\b(screen|panel) (is |went |goes |stays )?(black|white|blank|frozen)\b|\bsprache\b"),
    # 6. Somebody wants an offer for a machine or a conversion. Before delivery, as many offers name a port.
    ("quote", r"\b(budget(ary)?|ballpark|capex|business case|please (quote|price)|kindly quote|best price|proposal)\b"),
    ("quote", r"\b(offers?|quotation|rental|rent|trade-?in|retrofit|upgrade|order of magnitude)\b"),
    ("quote", r"\b(what would|does|could)\b.{0,80}\bcost\b|\b(yearly|monthly) (price|rate)\b|\bdo us a price\b"),
    # 7. On the road, at the customs, or arrived wrong.
    ("delivery", r"\b(driver|lorry|truck|haulier|forwarder|courier|carrier|parcel|pallets?|tracking|delivery note)\b"),
    ("delivery", r"\b(customs|broker|hs code|tariff|packing list|demurrage|shipment|dispatch|cmr)\b"),
    ("delivery", r"\bcrates?\b|\bwhere('?s| is| are) (our|my|the)\b|\b(has|have) not (come|arrived)\b"),
    ("delivery", r"\bordered\b.*\breceived\b|\breceived\b.*\bordered\b|\bwrong (gate|address|goods|item)\b"),
    # 8. Papers.
    ("documents", r"\b(manual|instruk\w+|drawings?|diagram|schematic|data ?sheet|pdf)\b.*\b(please|pls|send)\b"),
    ("documents", r"\b(declaration|conformity|ce|certificate of|3\.1|crn|wiring diagram|dxf|dwg|step file)\b"),
    ("documents", r"\b(need|wants?|send|search)\b.{0,40}\b(papers?|plan|certificates?|manual|drawing|diagram)\b"),
    # 9. Planned service.
    ("maintenance", r"\b(oil (change|sample|analysis)|calibrat\w+|intervals?|overhaul|inspection|annual|quarterly)\b"),
    ("maintenance", r"\b(visits?|service (contract|agreement)|maintenance|greas\w+|\d{4} ?h(ours)?)\b"),
    ("maintenance", r"\b(next|your|his) (service|check)\b|\bshut ?down\b"),
    # 10. New machine, or an old one in a new place.
    ("installation", r"\b(foundations?|fundament|concrete|slab|anchor|bolt pattern|riggers?|grout\w*|commission\w*)\b"),
    (
        "installation",
        r"\b(electrician|start-?up|your fitters|relocat\w+|moving the|moved to|cable section|duct|neutral)\b",
    ),
    # 11. How do I ...?
    ("operation", r"\bhow (do|does|can|should|to|u)\b|\bhows\b|\bis there a (trick|setting|way)\b"),
    ("operation", r"\b(which|what|wich) (values?|number|temp\w*|pressure|speed|key|button)\b|\bmax rpm\b"),
    ("operation", r"\b(parameter|setup mode|recipe|settings?|adjust)\b|\b(may|can|should) (he|we)\b|\bdo we\b"),
    # 12. Part orders: a number of pieces, or one of the usual parts.
    ("spare_parts", r"\b\d+ ?(x|pcs?|pieces|off|sets?)\b|\bx ?\d+\b|\b(two|four|five|six) of (them|em)\b"),
    (
        "spare_parts",
        r"\b(spare|gasket|o-?rings?|seals?|filters?|belt|bearings?|impellers?|gripper|heaters?|kit|knife)\b",
    ),
    ("spare_parts", r"\b(separator|sensor|valve|rollers?|drum motor|tape|screw|spring|cartridge|fan|in stock)\b"),
    # 13. Weaker signs of trouble, only when nothing else has matched.
    ("breakdown", r"\b(leak\w*|noise|sound|vibrat\w+|again|help|stops?|smells?|drips?|urgent\w*|doesn't|does not)\b"),
]

COMPILED = [(category, re.compile(pattern, re.DOTALL)) for category, pattern in RULES]


def route(text: str) -> str:
    """Return the category for one ticket text.

    The first rule that matches decides. If the customer says that nothing is broken, the breakdown rules are left
    out. A ticket that matches no rule goes to the breakdown people: they answer fastest and pass it on.
    """
    lowered = text.lower().replace("\u2019", "'")
    calm = re.search(NOT_BROKEN, lowered) is not None
    for category, pattern in COMPILED:
        if calm and category == "breakdown":
            continue
        if pattern.search(lowered):
            return category
    return "breakdown"
