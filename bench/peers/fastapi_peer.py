"""The same fan-out and read as a FastAPI program is commonly written: a queue a client, a generator for each response.

It prints its port, then takes commands as lines of JSON on its standard input and answers each with a line.
"""

import asyncio
import json
import socket
import sys
import time
from decimal import Decimal

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()
clients: set[asyncio.Queue] = set()
HOLDINGS = [(f"C{n}", Decimal("1.2345"), Decimal(10_000 + n)) for n in range(50)]
PRICES = {f"C{n}": Decimal(10_500 + n) for n in range(50)}


@app.get("/stream")
async def stream():
    queue: asyncio.Queue = asyncio.Queue()

    async def events():
        clients.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            clients.discard(queue)

    return StreamingResponse(events(), media_type="text/event-stream")


@app.get("/portfolio")
async def portfolio():
    value = sum(quantity * PRICES[asset] for asset, quantity, _ in HOLDINGS)
    cost = sum(quantity * price for _, quantity, price in HOLDINGS)
    allocation = [
        {"asset": asset, "value": str(quantity * PRICES[asset]), "weight": str(round(quantity * PRICES[asset] / value, 6))}
        for asset, quantity, _ in HOLDINGS
    ]
    return {"equity": str(value), "costBasis": str(cost), "unrealizedPnl": str(value - cost), "allocation": allocation}


def stamped_trade(sequence: int) -> dict:
    return {
        "symbol": "BTC/KRW",
        "tradeId": str(time.monotonic_ns() // 1000).rjust(16, "0"),
        "side": "buy" if sequence % 2 == 0 else "sell",
        "price": f"{152_340_000 + sequence % 1_000}.5",
        "quantity": "0.01234567",
        "time": "2023-11-14T22:13:20.000Z",
        "exchange": "upbit",
        "simulated": True,
    }


async def publish(rate: int, seconds: float) -> dict:
    start = time.monotonic()
    done = 0
    while True:
        elapsed = time.monotonic() - start
        due = int(min(elapsed, seconds) * rate) - done
        for sequence in range(done, done + due):
            # As JavaScript writes it, so that the load client finds its stamp.
            data = json.dumps(stamped_trade(sequence), separators=(",", ":"))
            text = f"event: trade\nid: {sequence}\ndata: {data}\n\n"
            for queue in clients:
                queue.put_nowait(text)
        done += max(due, 0)
        if elapsed >= seconds:
            return {"events": done, "seconds": elapsed}
        await asyncio.sleep(0.001)


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    print(listener.getsockname()[1], flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(await publish(**json.loads(line))), flush=True)
    server.should_exit = True
    server.force_exit = True
    await serving


asyncio.run(main())
