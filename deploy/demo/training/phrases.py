"""What people put around a question: openings, closings, contexts, system prompts."""

from __future__ import annotations


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


OPENINGS = _phrases(
    "Please: |Please, |Hey, |Hi! |Hello, |Hi there. |Quick question: |Question: |So, |OK, |ok |"
    "Um, |Well, |Now: |Hmm, |Good morning! |My homework asks: |For my homework: |"
    "I'm doing a crossword, |For a quiz: |It's for a quiz. |Pub quiz: |Exam question: |"
    "Exercise 4: |1) |2. |- |* |Task: |Next one: |Another one: |Help me. |Help! |I need help: |"
    "My son asks: |My teacher asks: |Sorry, |Excuse me, |I have a question. |Let me ask: |"
    "Riddle me this: |One more: |Be brief. |yo |pls |Dear assistant, |Answer this: |"
    "Answer in one word: |Give only the answer: |Test: |Q: |Prompt: |I was wondering: |"
    "Just curious: |We had a bet: |For a game: |My friend wants to know: |"
    "I can't figure this out. |Without explanation: |Tell me this: |Do this for me: |"
    "Think first: "
)

DECOY_OPENINGS = _phrases(
    "My French teacher asks: |For Spanish class: |In my Spanish book I read this: |"
    "It is Monday. |No sums today: |No roman numerals, please. |In reverse gear: |"
    "Sort of urgent: |A capital question: |True story: |True or false, I forgot this: |"
    "This month's question: |I like chemistry, but now this: |My logic is weak: |"
    "In plural we ask: |Today is Friday. |An element of my test: |Unit 5, exercise 2: |"
    "In Paris someone asked me: |One plus for you: |A letter arrived with this: |"
    "The symbol of my school is an owl. |I met a Roman who asked: |Not backwards, not sorted: |"
    "After 3 days of thinking: |The number one question: |From the capital of Spain: |"
    "My German friend and my French friend ask: |It is 5 minutes to ten. |"
    "In the calendar I wrote: |Ten words or less: |My units are fine, but: |Logic aside, |"
    "Never mind the order of the letters: |Gold medal question: |And now, not in French: |"
    "I sum it up: |In other words: |On Sunday my aunt asked: |Between true friends: "
)

CLOSINGS = _phrases(
    " Thanks!| Thanks.| Thank you!| thanks| thx| please| Please.|, please?|"
    " Please answer briefly.| Just the answer.| Answer only.| One word.| No explanation.|"
    " Be brief.| Short answer please.| I need it fast.| It's for school.| It's for a quiz.|"
    " Cheers| I forgot.| Any idea?| Help me.| Answer:| A:| Do you know?| Only the result.|"
    " Reply with the answer only.| :)|!|...| :| right?| My French teacher wants it.|"
    " It's for my Spanish friend.| I have a test on Monday.| It's worth 5 points.|"
    " It's element 3 of my list.| Then I can sort my notes.| Tell me, true.|"
    " I asked two days ago.| In capital letters or not.| That is all, no sums.| Quick.| ok?| Go!"
)

SYSTEM_PROMPTS = (
    "You are a helpful assistant.",
    "You are a helpful, harmless and honest assistant.",
    "Answer the question.",
    "Answer briefly.",
    "Answer with one word or number.",
    "You answer questions of pupils. Be short.",
    "Be concise.",
    "You are an expert.",
    "You are an expert model. Give only the answer.",
    "Reply with the answer and nothing else.",
    "You are a quiz master's assistant.",
    "Do not explain.",
    "You are ChatBot, a friendly AI.",
    "Think carefully and answer correctly.",
    "You are a teacher.",
    "The user will ask you something. Help them.",
    "Respond in plain text.",
    "Today is 2024-05-06. You are a helpful assistant.",
    "Follow the user's instructions.",
    "You are part of a panel of experts. Answer only what you know.",
    "Use no markdown.",
    "Keep answers under ten words.",
)

DONT_KNOW = "I do not know."
