"""The sentences of client and server errors that are translated.

They are English at their source; a window translates them by `_`, and errors, whose sentence may have a blank for the
address, by `text.error_text`. A sentence with another blank, or of a newer server, stays English.
"""

from typing import Final

from core.client.errors import ClientError, NotKept, SignedOut, TooManyAttempts
from core.client.sync.outbox import Counts
from core.ui.text import N_, _, error_text, ngettext

SAID: Final = (
    # The titles of `core.client.errors`.
    N_("Something went wrong"),
    N_("No connection"),
    N_("Please sign in again"),
    N_("Not possible"),
    N_("Not found"),
    N_("The order has changed"),
    N_("The price has changed"),
    N_("The number was not taken"),
    N_("The menu has changed"),
    N_("The server was restored"),
    N_("Away for long"),
    N_("The server had a problem"),
    N_("This display is not known"),
    N_("This device is not paired"),
    N_("Too many wrong tries"),
    N_("This is not the shop's server"),
    N_("This machine's clock may be wrong"),
    N_("Nothing was saved"),
    N_("A fault in this program"),
    N_("The server is busy"),
    N_("Something else answers"),
    N_("The server's database is out of reach"),
    N_("The server's database is locked by another program"),
    N_("The server's disk is full"),
    N_("The server's database is read-only"),
    N_("The server's disk fails"),
    N_("The server's database is damaged"),
    # Why a file cannot be written, by `core.reasons`.
    N_("this user has no right to"),
    N_("the disk is full"),
    N_("the disk fails"),
    N_("it can be read only"),
    N_("another program has it open"),
    N_("too many files are open on this machine"),
    N_("there is no such file or folder"),
    N_("something of that name is there already"),
    N_("a part of it is a file, and not a folder"),
    N_("it is a folder, and not a file"),
    N_("there is something in that folder"),
    N_("its name is too long"),
    N_("it is a link that leads to itself"),
    N_("it cannot be opened"),
    # Why a window cannot start, by `core.client.storage.local_store`.
    N_("{path} cannot be written: {why}. Make its folder writable, or give the window one of its own: --data-dir DIR"),
    N_("{path} is a folder. The window's file is to be there: move the folder away."),
    N_("{path} is in use: another window of this installation is open."),
    N_("{path} cannot be used: {why}. Look at the disk and its cable before anything else."),
    N_("{path} is damaged, and what can be read cannot be saved: {why}"),
    N_(
        "{path} has another name too (a hard link). What was accepted last may lie beside that, in a file that "
        "ends in -wal. Keep the name that the window last had, and remove the other."
    ),
    N_("This file was written by a newer Orderbell. Use that one, so that nothing in it is lost."),
    # The client's messages.
    N_("{address} refuses the connection. Is the server running, and is the port right?"),
    N_("The name in {address} is not known. Check the address and the network."),
    N_("{address} does not answer in time. Check the network and the server."),
    N_("{address} broke off the connection."),
    N_("{address} broke off the connection. Where the server encrypts, its address begins with https://."),
    N_("{address} cannot be reached. Check the address and the network."),
    N_(
        "Something else answers at {address}, not Orderbell. Check the address and the network: a proxy or the "
        "sign-in page of a Wi-Fi may be in between."
    ),
    N_("{address} answers, and pushes nothing to this window."),
    N_("What became of a card is not known. Ask about that first."),
    N_("There is nothing to give back."),
    N_("This order is not known here."),
    N_("There is no such attempt."),
    N_("Its answer could not be read. Is this window as new as the server?"),
    N_("Its events do not fit together."),
    N_("The server pushes what this window cannot read."),
    N_("The push connection to {address} ended."),
    N_("The server's history is another one."),
    N_("The server no longer remembers that far back."),
    N_("The server's orders have changed while they were read. Export them again."),
    N_("You were signed out meanwhile."),
    N_("Nobody is signed in."),
    N_("Whoever asked has left."),
    N_("This is for somebody else to send."),
    N_("The server has answered with somebody else's session."),
    N_("This machine's disk is full, or cannot be written to. Tell the admin."),
    N_("This server lacks the key that it was sealed to. Restore the shop from a backup, or give it up."),
    N_("This window's own file is damaged. Close the window and open it again."),
    N_("This window made a mistake. It was written to the log."),
    N_("The session is over."),
    N_("The name or the PIN is wrong."),
    N_("Without the server, only managers who have enrolled at this POS can allow this."),
    N_("That was wrong too often. Enrol again once the server is back."),
    N_("Managers enrol at a POS that is paired."),
    N_("Somebody else has changed it meanwhile."),
    N_("Somebody else has already marked it as not paid."),
    N_("Somebody else has already taken the payment."),
    N_("Somebody else has already given the money back."),
    N_("This order is paid already."),
    N_("There is no step back from here."),
    N_("It has been settled meanwhile."),
    N_("This drawer is open already. Count it and close it first."),
    N_("This session was closed. Open another."),
    N_("This is no session of this POS's drawer."),
    N_("The drawer is closed. Open it first."),
    N_("Nothing is taken out or put in without a sale."),
    N_("Say how much goes in or out of the drawer."),
    N_("Say what it is for."),
    N_("Count the drawer first, after all that was put in or taken out."),
    N_("Not more can be taken out than was counted."),
    N_("The coins and notes do not come to this amount."),
    N_("Count the drawer first. Who may see other people's drawers sees X at any time."),
    N_("A manager has to allow this"),
    N_("Your role may not do this. Ask a manager to allow it."),
    N_("Sign in at a POS: a drawer is a POS's."),
    N_("Open your own drawer first: cash of orders goes to the drawer of whoever takes it."),
    N_("Decide first about what the server has refused: see what waits to be sent."),
    N_("The shop holds 200 baskets, which is the maximum. Order or delete some of them first."),
    N_("This basket is no longer held: it was ordered, held anew or deleted."),
    N_("Sign in at a POS: baskets are held there."),
    N_("Without the server, only the POS that has held a basket goes on with it."),
    N_("There is no such held basket."),
    N_("The menu has changed since you saw it. Please look at the new total."),
    N_("Decide about the change that is in conflict first."),
    N_(
        "By this machine's clock the certificate of {address} has expired. "
        "If the clock is right, ask the admin to renew it."
    ),
    N_("By this machine's clock the certificate of {address} is not valid yet. Set the clock right."),
    N_("The certificate shown at {address} is for other names. Ask the admin to add this one."),
    N_("The certificate of {address} was not made by this shop. Do not sign in; tell the admin."),
    N_("What is at {address} does not encrypt. Is it http:// there, or another port?"),
    N_("The file that the server is known by cannot be read here. Tell the admin."),
    N_("The code belongs to a server that encrypts: its address begins with https://."),
    N_("The code is not this server's. Check the address, and the code letter by letter."),
    N_("This server has no certificate of the shop's. Ask the admin for another code."),
    N_("What answers at this address is no server of ours."),
    N_("This address is not encrypted: anybody on the network could read PINs. Use https://."),
    N_("The code was made for another kind of device. Ask the admin for one for this kind."),
    # The server's messages.
    N_("This code is not right, or it has expired. Ask for a new one."),
    N_("This code was used. Ask for a new one."),
    N_("The name, the number or the password is not right."),
    N_("The device or its code is not right."),
    N_("There already is a customer with this phone."),
    N_("There already is a customer with this email."),
    N_("This account is no longer there."),
    N_("This session has ended."),
    N_("This POS was opened in another window. Sign in to use this one."),
    N_("Please sign in."),
    N_("This is not yours to use."),
    N_("There is no such order."),
    N_("There is no such customer."),
    N_("A name has at least one letter."),
    N_("A phone number has at least 4 digits."),
    N_("A phone number has at most 15 digits."),
    N_("A phone number has digits, and spaces, brackets or dashes between them."),
    N_("This password is one of the first that are guessed. Choose another."),
    N_("Choose a password that is not your name, number or address."),
    N_("The server is stopping."),
    N_("The server's database is out of reach."),
    N_("What waits is sent by itself."),
    N_("What waits is sent by itself once it is back."),
    N_("Close whatever else has it open. What waits is sent by itself then."),
    N_("Make room on it. What waits is sent by itself then."),
    N_("Let the server write to it, or name the primary. What waits is sent by itself then."),
    N_("Look at the disk and at the server's log before anything else."),
    N_("Stop the server, keep a copy of the database as it is, and restore the last good backup."),
    N_("An order needs at least one item."),
    N_("A new order is paid or unpaid. Nothing was paid that could be refunded."),
    N_("This order was refunded. A refund is final."),
    N_("Say why it is refunded."),
    N_("Say why it is changed."),
    N_("It can no longer be changed from here. Please ask at the counter."),
    N_("That is the maximum of changes of one order. Please ask at the counter."),
    N_("Nobody waits for that any more."),
    N_("That is not what the customer has asked for. Decline it, or change the order itself and say why."),
    N_("The shop has changed whether prices contain the tax. Take a new order for what is added."),
    N_("The picture is damaged."),
    N_("The customer has asked for something else meanwhile."),
    N_("Say why it stays as it is."),
    N_("It was called off. Take a new order."),
    N_("A part of it was given back. Take a new order for what is added."),
    N_("All of it was given back. Take a new order."),
    N_("Something of this line was given back, so it stays as it is. Add more of it as a new line."),
    N_("Something of it was given back, so its discount stays as it is. Refund a part of it."),
    N_("Something of it was given back, so its service charge stays as it is. Refund a part of it."),
    N_("Its business day has ended. Refund what is wrong, and take a new order."),
    N_("This order was called off after it was paid. Say why its payment changes."),
    N_("This looks like a card number. Please leave it out: it would be kept and shown."),
)


def left_behind(error: ClientError) -> NotKept:
    """The error after a sign-out at a machine whose disk is full."""
    later = _("What was kept of you here is deleted as soon as it can be.")
    return NotKept(f"{error_text(error)} {later}", title=_("You were signed out"))


def outbox_words(counts: Counts) -> list[str]:
    """`2 waiting to send`, `1 to decide`: the counts of the outbox, the same everywhere. Operations behind one that
    needs a decision count as waiting."""
    words = []
    if counts.waiting:
        words.append(ngettext("{count} waiting to send", "{count} waiting to send", counts.waiting))
    if counts.held:
        words.append(ngettext("{count} to decide", "{count} to decide", counts.held))
    return words


def ended(error: SignedOut, counts: Counts) -> SignedOut:
    """The error with a sentence on its person's operations in the outbox."""
    if not counts.open:
        return SignedOut(_(error.message), title=error.title)
    kept = _("It is kept here, and goes on when the same person signs in again.")
    return SignedOut("\n".join((_(error.message), " · ".join(outbox_words(counts)), kept)), title=error.title)


def patience(error: TooManyAttempts) -> TooManyAttempts:
    """The error with its wait in the reader's language."""
    minutes = max(1, -(-int(error.retry_after_s) // 60))
    words = ngettext(
        "Try again in {count} minute, or ask an admin.", "Try again in {count} minutes, or ask an admin.", minutes
    )
    return TooManyAttempts(words, retry_after_s=error.retry_after_s)
